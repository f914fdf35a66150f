"""A question and its answer in, what the request's trace says of them out.

Two kinds of fields. Figures and words from fixed lists (kind of question, language, how many of its words no document knows, why it was
refused) tell nothing of what was asked: they are kept where content is switched off, and `evdocs eval drift` lives on them. The citations
are content.
"""

from __future__ import annotations

import re
from typing import Any

from service.core.codes import find_codes
from service.core.ports import Index
from service.core.text import stem
from service.core.types import Answer
from service.extract.asked import asked
from service.quantities import asked_for
from service.query.languages import language_of
from service.query.lexicon import prepare
from service.query.words import ordinary
from service.signals import asks_steps

KINDS = ("code", "steps", "quantity", "yes or no", "other")
_WORD = re.compile(r"[^\W\d_]{3,}")


def question_fields(question: str, index: Index) -> dict[str, Any]:
    """`kind` (one of KINDS), `language`, `n_words` of three letters and more, and `n_unknown` of them: in no document, and no everyday
    English either. Never raises on any text."""
    lexicon = prepare(index)
    words = [word.lower() for word in _WORD.findall(question)]
    unknown = [word for word in words if not ordinary(word) and stem(word) not in lexicon.stems and word not in lexicon.glossary.words]
    language = language_of(question, lexicon.glossary.german)
    return {"kind": kind_of(question), "language": language, "n_words": len(words), "n_unknown": len(unknown)}


def kind_of(question: str) -> str:
    """What is asked for, by its form."""
    if find_codes(question):
        return "code"
    if asks_steps(question):
        return "steps"
    if asked_for(question):
        return "quantity"
    return "yes or no" if asked(question).yes_no else "other"


def request_fields(question: str, made: Answer, index: Index) -> dict[str, Any]:
    """All that the root of a trace says besides question and answer."""
    refusal = made.refusal.reason if made.refusal else ""
    cited = [{"file": one.file, "page": one.page, "quote": one.quote} for one in made.citations]
    figures = {"status": made.status, "mode": made.mode, "confidence": made.confidence, "reason": refusal}
    return {**figures, **question_fields(question, index), "citations": cited}
