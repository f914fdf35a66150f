"""A question in, what of it may be answered out: the gate before any search.

Orders to the service are cut away (`injection.py`); what is left must be a question. A request to defeat a protection is told (`unsafe.py`)
but still searched for: its refusal shows the manual's own warning. Must not know documents.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from service.core.text import analyze
from service.core.types import RefusalReason
from service.injection import without_orders
from service.unsafe import Unsafe, unsafe

ORDERS_ONLY = "This asks the service to act against its own rules, so it is not answered. Ask what you want to know from the documents."
VOID = "Answers here come from the indexed documents and cite them; this asks for one that does not, so it is not answered."
NO_QUESTION = "There is no question in this. Ask about a product, a part, a value, a fault code or a procedure."


@dataclass(frozen=True, slots=True)
class Screened:
    """`text` is the part to answer, "" where nothing of it may be: then `reason` and `message` say why. `unsafe` is the defeat that is
    asked for; `cut` are the orders that were taken out."""

    text: str
    reason: RefusalReason | None = None
    message: str = ""
    unsafe: Unsafe | None = None
    cut: tuple[str, ...] = ()


def screen(question: str) -> Screened:
    """What is left of a question."""
    left = without_orders(question)
    if left.void:
        return Screened("", "invalid", VOID, cut=left.cut)
    if not left.question:
        return Screened("", "invalid", ORDERS_ONLY, cut=left.cut)
    if not _says_something(left.question):
        return Screened("", "invalid", NO_QUESTION)
    return Screened(left.question, unsafe=unsafe(left.question), cut=left.cut)


def _says_something(text: str) -> bool:
    """At least one term, and more letters and digits than other signs."""
    letters = sum(unicodedata.category(char)[0] in "LNM" for char in text)
    return bool(analyze(text)) and letters >= 2 and 2 * letters >= sum(not char.isspace() for char in text)
