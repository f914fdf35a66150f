"""A question against what the index contains: codes, products, abbreviations, slips of the pen, languages, follow-ups.

In: the question as asked and an open `Index`. Out: a frozen `Query` (`record.py`) that retrieval and ranking read. Pure functions, no model
and no search; what is prepared once a build stands in `lexicon.py`. It must not know adapters, nor how hits are fused and ranked.

    understand.py   the question -> Query: the one entry point
    lexicon.py      a build -> what every question is compared with, prepared once
    names.py        product names -> whose documents they are, and whose not
    exact.py        codes -> the chunks that hold them exactly; a near miss is named, never passed off as a hit
    spelling.py     words nobody knows -> the documents' word that was meant
    glossary.py     abbreviations and the field's words -> the same in the documents' words and language
    languages.py    the question's language, and whether the embedder reads it
    followup.py     a question and those before it -> the question made whole
    words.py        everyday English
"""
