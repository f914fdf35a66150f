"""Sentences with their quotes, or an answer with its reference, in; a verdict out: by a language model with a frozen prompt, or by the
deterministic scorer.

The prompts are versioned files; name, version and hash stand in every report. What is judged goes to the model as JSON, so that no text
in a manual or an answer can leave its place. A reply of another form is asked for once more; then the verdict is None with the reason:
unjudged is not wrong, and is counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from eval.completion import ModelClient
from eval.support import SCORER, entailed
from service.core.errors import DeadlineExceeded, ModelUnavailable
from service.prompts import Prompt

FILES = Path(__file__).parent / "prompt_files"
TRIES = 2
_SUPPORT = {"supported": True, "not_supported": False}
_CORRECT = {"correct": True, "incorrect": False}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, None where there is none, and why."""

    value: bool | None
    reason: str = ""


class Judge(Protocol):
    """What decides."""

    @property
    def label(self) -> str:
        """Name and version of everything its verdicts hang on."""

    @property
    def grades(self) -> bool:
        """Whether it judges correctness."""

    def support(self, sentence: str, quotes: Sequence[str]) -> Judged:
        """Whether the quotes carry the sentence."""

    def correctness(self, question: str, reference: str, answer: str) -> Judged:
        """Whether the answer says what the reference says."""


@dataclass(frozen=True, slots=True)
class ScorerJudge:
    """The deterministic scorer. It judges support; correctness is what the gold items' facts are for."""

    label: str = SCORER
    grades: bool = False

    def support(self, sentence: str, quotes: Sequence[str]) -> Judged:
        """Never None."""
        verdict = entailed(sentence, quotes)
        return Judged(verdict.supported, verdict.why)

    def correctness(self, question: str, reference: str, answer: str) -> Judged:
        """Always None: see the run's figure `correct`."""
        return Judged(None, "not graded")


@dataclass(frozen=True, slots=True)
class ModelJudge:
    """A language model."""

    client: ModelClient
    grades: bool = True

    @property
    def label(self) -> str:
        """Model and both prompts, each with version and hash."""
        return f"{self.client.model}+{prompt('support').label}+{prompt('correctness').label}"

    def support(self, sentence: str, quotes: Sequence[str]) -> Judged:
        """One call, two where the first reply has another form. A sentence that cites nothing is not supported: nobody is asked."""
        if not quotes:
            return Judged(False, "cites nothing")
        return self._ask(prompt("support"), {"evidence": list(quotes), "sentence": sentence}, _SUPPORT)

    def correctness(self, question: str, reference: str, answer: str) -> Judged:
        """The same for a whole answer."""
        return self._ask(prompt("correctness"), {"question": question, "reference": reference, "answer": answer}, _CORRECT)

    def _ask(self, told: Prompt, given: Mapping[str, Any], verdicts: Mapping[str, bool]) -> Judged:
        fault = ""
        for _ in range(TRIES):
            try:
                text = self.client.ask(told.text, json.dumps(given, ensure_ascii=False)).text
                found = json.loads(text[text.index("{") : text.rindex("}") + 1])
                return Judged(verdicts[found["verdict"]], str(found.get("reason", ""))[:300])
            except (ModelUnavailable, DeadlineExceeded) as error:  # the client has tried again already
                return Judged(None, f"{type(error).__name__}: {error}"[:300])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                fault = type(error).__name__
        return Judged(None, f"the reply is not the JSON asked for ({fault})")


@lru_cache
def prompt(name: str) -> Prompt:
    """The newest version of a judge's prompt file."""
    versions = {int(path.name.split(".")[1]): path for path in FILES.glob(f"{name}.*.md")}
    newest = max(versions)
    return Prompt(name, str(newest), versions[newest].read_text("utf-8"))
