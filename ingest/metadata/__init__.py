"""What is known of a document: maker, products, kind, revision, date, language, family, each with where it was taken from.

    corrections.py    what people corrected by hand: kept in the home folder, asked first
    evidence.py       the places to look at: title page, running heads, imprint, PDF metadata, file name
    dates.py revision.py doc_type.py manufacturer.py product.py    one field each: evidence in, clues out
    resolve.py        stated values and clues -> one value a field, with its origin
    family.py         the documents of one build -> which are revisions of one another, and which of them is current

An empty field is better than a wrong one: a clue that nothing supports is dropped.
"""

METADATA_VERSION = "1"
"""Part of a build's name: what these modules read out of a document changed when this changes."""
