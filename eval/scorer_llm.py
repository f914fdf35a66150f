"""A prompt of ragas in, the reply its model is asked for out, made by the deterministic scorer: RAGAS figures without a language model.

ragas names the reply it wants by a pydantic model and puts its input as JSON at the end of the prompt. Statements are the answer's
sentences; a statement is attributed where the scorer says so; a context is useful where it carries a sentence of the reference. No question
can be generated without a model: the answer stands in for it, so AnswerRelevancy is the likeness of question and answer, and says no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from eval.matching import claims, without_markers
from eval.support import entailed_by_text

_INPUT = "\ninput: "
_NONCOMMITTAL = re.compile(r"(?i)\b(?:(?:i|we) (?:do not|don't|cannot|can't)|not in (?:the|these) (?:manuals|documents)|no answer)\b")


class UnknownReply(ValueError):
    """The scorer cannot give what the prompt asks for."""


def reply(prompt: str, model: str) -> dict[str, Any]:
    """The fields of the reply `model` (a class name of ragas). Raises UnknownReply."""
    if model not in _REPLIES:
        raise UnknownReply(f"the deterministic scorer has no reply of the form {model}; it knows {', '.join(sorted(_REPLIES))}")
    return _REPLIES[model](input_of(prompt))


def input_of(prompt: str) -> Mapping[str, Any]:
    """What the prompt is about: the JSON object behind its last "input:" (JSON holds no bare line end, so none can be faked in it).
    Raises UnknownReply."""
    _, mark, rest = prompt.rpartition(_INPUT)
    try:
        found, _ = json.JSONDecoder().raw_decode(rest.lstrip())
    except ValueError as error:
        raise UnknownReply(f"the prompt ends in no JSON input ({error})") from error
    if not mark or not isinstance(found, dict):
        raise UnknownReply("the prompt names no input object")
    return found


def _statements(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"statements": _parts(given["answer"])}


def _parts(text: str) -> list[str]:
    return [claim.text for claim in claims(text)]


def _faithful(given: Mapping[str, Any]) -> dict[str, Any]:
    judged = [(statement, entailed_by_text(statement, given["context"])) for statement in given["statements"]]
    return {"statements": [{"statement": said, "reason": verdict.why, "verdict": int(verdict.supported)} for said, verdict in judged]}


def _recalled(given: Mapping[str, Any]) -> dict[str, Any]:
    judged = [(part, entailed_by_text(part, given["context"])) for part in _parts(given["answer"])]
    return {
        "classifications": [{"statement": said, "reason": verdict.why, "attributed": int(verdict.supported)} for said, verdict in judged]
    }


def _useful(given: Mapping[str, Any]) -> dict[str, Any]:
    carried = [part for part in _parts(given["answer"]) if entailed_by_text(part, given["context"]).supported]
    return {"reason": carried[0] if carried else "carries no sentence of the reference", "verdict": int(bool(carried))}


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    said = without_markers(given["response"])
    return {"question": said, "noncommittal": int(bool(_NONCOMMITTAL.search(said)))}


_REPLIES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "StatementGeneratorOutput": _statements,
    "NLIStatementOutput": _faithful,
    "ContextRecallOutput": _recalled,
    "ContextPrecisionOutput": _useful,
    "AnswerRelevanceOutput": _asked,
}
