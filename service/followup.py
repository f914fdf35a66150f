"""A follow-up in, the question it stands for out: by a language model where one is set up, else by the rules of `query.followup`.

What the model wrote is untrusted: it is one line, not longer than a question is, brings no number, code, product or abbreviation that
stands in none of the turns, keeps every one of the question itself and its "not", and holds no orders. What fails is thrown away, and the
rules decide. The question as it was asked is searched as well, so that a wrong rewrite loses nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.core.codes import find_codes
from service.core.errors import DeadlineExceeded, ModelUnavailable
from service.core.ports import Index, Rag
from service.core.text import analyze, fold
from service.core.types import Usage
from service.guard import screen
from service.polarity import n_negations
from service.query.followup import MAX_CHARS, MAX_TURNS, complete, stands_alone
from service.query.lexicon import prepare
from service.query.names import find_products, name_key
from service.stages import Stages

Turns = Sequence[tuple[str, str]]
PART = "llm_followup"  # of `degraded`
RESERVE_S = 2.0  # kept of the question's time for searching and answering
WORTH_ASKING_S = 0.2
_ABBREVIATION = re.compile(r"(?<![^\W_])[^\W\d_]*[A-ZÄÖÜ]{2}[^\W\d_]*")
log = logging.getLogger("evdocs.llm")


@dataclass(frozen=True, slots=True)
class Whole:
    """`text` is the question made whole, "" where it stands alone; `usage` what a model took for it."""

    text: str = ""
    usage: Usage = field(default_factory=Usage)


def made_whole(rag: Rag, question: str, history: Turns, stages: Stages, *, by_model: bool = True) -> Whole:
    """The whole question a follow-up stands for. `history` holds the (question, answer) pairs before it, oldest first. A model that fails
    is named in `degraded`. Raises DeadlineExceeded."""
    if not history:
        return Whole()
    found = Whole()
    if by_model and rag.writers and rag.settings.llm_followup_s > 0 and not stands_alone(question, rag.index):
        found = _asked(rag, question, history[-MAX_TURNS:], stages)
    return found if found.text else Whole(next(iter(complete(question, history, rag.index)), ""), found.usage)


def _asked(rag: Rag, question: str, history: Turns, stages: Stages) -> Whole:
    """By the first model."""
    time_s = min(rag.settings.llm_followup_s, stages.left_s() - RESERVE_S)
    with stages.stage("followup", "generation", model=rag.writers[0].model) as span:
        try:
            if time_s < WORTH_ASKING_S:
                raise DeadlineExceeded("There was no time left to ask the LLM for the whole question.")
            restated = rag.writers[0].restate(question, history, time_s)
        except (ModelUnavailable, DeadlineExceeded) as error:
            log.warning("%s: %s", rag.writers[0].model, error)
            stages.degraded.append(PART)
            span.update(level="warning", metadata={"reason": str(error)})
            return Whole()
        fault = fault_of(restated.text, question, history, rag.index)
        tokens = {"input": restated.usage.input_tokens, "output": restated.usage.output_tokens}
        span.update(output=restated.text, usage=tokens, cost=restated.usage.cost, metadata={"reason": fault})
        if fault:
            span.update(level="warning")
            stages.degraded.append(PART)
        return Whole("" if fault else " ".join(restated.text.split()), restated.usage)


def fault_of(text: str, question: str, history: Turns, index: Index) -> str:
    """Why a rewrite may not be used: "empty", "long", "lines", "orders", "new", "lost", "negation"; "" where it may."""
    text = text.strip()
    if not text:
        return "empty"
    if len(text) > MAX_CHARS:
        return "long"
    if len(text.splitlines()) > 1:
        return "lines"
    read = screen(text)
    if read.reason is not None or read.cut:
        return "orders"
    told = "\n".join([question, *(turn for pair in history for turn in pair)])
    said, known, asked = (_marks(one, index) for one in (text, told, question))
    if not said <= known:
        return "new"
    return "lost" if not asked <= said else "negation" if n_negations(text) < n_negations(question) else ""


def _marks(text: str, index: Index) -> set[str]:
    """What a rewrite may neither bring nor lose: terms with digits, codes, names of products, abbreviations."""
    products = find_products(text, prepare(index).names, index.codes)
    return {
        *(term for term in analyze(text) if any(char.isdigit() for char in term)),
        *(code.key for code in find_codes(text)),
        *(f"product {name_key(product.name)}" for product in products),
        *(f"short {fold(match.group())}" for match in _ABBREVIATION.finditer(text)),
    }
