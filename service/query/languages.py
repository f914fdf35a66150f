"""The language of a question, and whether the embedder reads it.

Questions are short: scripts tell first, then words that only one language has (function words, the glossary's names). Two such words are
enough, or one where no word is English.
"""

from __future__ import annotations

import re

from service.query.words import english

ENGLISH_ONLY = frozenset(("minilm",))
"""Names of embedders (setting EVDOCS_EMBEDDER) that were trained on English; of others nothing is known, and nothing is said."""

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_MARKS = """
en the of and to is in for that with be this are on as by not what how which when where why does do can should must my it
de der die das den dem des und ist sind nicht mit von zu zum zur für auf ein eine einen einem einer werden wird wie wo wann warum was
de welche welcher welches welchen wieviel viel viele bei beim im vom am aus kann darf muss soll ich mein meine meinem nach vor über oder
de auch noch habe hat wenn gibt zwischen ohne
fr le la les des du une est sont et dans pour sur avec quel quelle quels quelles comment quand pourquoi où que qui au aux mon ma mes
fr combien faut il je ne pas ce cette
es el los las del una es son y para con qué cuál cuáles cómo cuándo dónde por mi su al hay puedo debo cuánto se lo un
it il lo gli della delle dei del una è sono per con quale quali come quando dove perché che mio mia si al nel quanto devo un
nl de het een van en is zijn voor met welke hoe wanneer waar waarom wat mijn bij op niet moet kan ik aan
pt os da dos das uma é são para qual quais como quando onde por meu minha não ao na quanto um
pl jest są nie na do z w i jak kiedy gdzie dlaczego jaki jaka jakie który dla po od czy ile mój moja
sv och är det en ett för med på av till hur när var varför vilken vilket vilka inte som kan ska min
"""
_FUNCTION_WORDS: dict[str, set[str]] = {}
for _line in _MARKS.split("\n"):
    for _word in _line.split()[1:]:
        _FUNCTION_WORDS.setdefault(_line[:2], set()).add(_word)


def language_of(text: str, german: frozenset[str] = frozenset()) -> str:
    """ISO 639-1 code of a question's language, "" where it says too little. `german` are further words that only German has."""
    letters = sum(char.isalpha() for char in text)
    for language, script in _SCRIPTS:
        n_script = len(script.findall(text))
        if n_script >= 2 and n_script >= (0.05 if language in ("ja", "ko") else 0.2) * letters:
            return language
    words = [word.casefold() for word in _WORD.findall(text)]
    counts = {language: sum(word in marks for word in words) for language, marks in _FUNCTION_WORDS.items()}
    counts["de"] += sum(word in german for word in words)
    best = max(counts, key=lambda language: (counts[language], language == "en"))
    n_english = sum(word in english() for word in words if len(word) >= 3)
    if best == "en":
        return "en" if counts["en"] or n_english > len(words) / 2 else ""
    sure = counts[best] >= 2 or (counts[best] == 1 and n_english <= len(words) / 3 and not counts["en"])
    # "die" and "was" are English words too: a text whose words are nearly all English is English.
    return best if sure and n_english < 0.8 * len(words) else ("en" if n_english > len(words) / 2 else "")


def supported(language: str, embedder: str) -> bool:
    """Whether an embedder (its setting) reads the language as far as is known: the packaged one reads English only."""
    return language in ("", "en") or embedder not in ENGLISH_ONLY
