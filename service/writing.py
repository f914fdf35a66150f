"""An answer by a language model: passages in, the sentences of it that hold out; else the extractive answer, and `degraded` says why.

    writer.write -> aligned (which quotes) -> verify, changed (sentence by sentence) -> steps -> Written

The small model is asked first. Where its answer does not hold, the larger one is asked within what is left of the time; where that one's
does not either, or none answers, the extractive answer is given, which was made before. Nothing of an answer is told to the reader before
all of it is settled: a step that fails takes the others with it, and no sentence can be taken back once it was read. What streams to the
client are settled sentences.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from service.aligned import aligned
from service.cite import Cited, Sentence
from service.core.errors import DeadlineExceeded, ModelUnavailable
from service.core.ports import Rag, Writer
from service.core.text import analyze, quantities
from service.core.types import Draft, Passage, Usage, Writing
from service.faithful import Setting, changed, setting
from service.stages import Stages
from service.steps_kept import steps_kept
from service.verify import verify

if TYPE_CHECKING:
    from service.answer import Question

RESERVE_S = 1.0  # kept of the question's time for what follows: notices, verification, the reply
WORTH_ASKING_S = 0.5

Fault = Literal["", "llm", "llm_deadline", "llm_no_answer", "llm_unsupported", "llm_steps"]
log = logging.getLogger("evdocs.llm")


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to be given, who wrote it (`generator` is "" for the extractive one), and what all models that were asked took."""

    mode: Literal["extractive", "llm"]
    cited: Cited
    generator: str = ""
    usage: Usage = field(default_factory=Usage)


def cited_drafts(drafts: Iterable[Draft], packed: Sequence[Passage]) -> Cited:
    """The drafts with their citations."""
    cited = Cited(packed)
    for draft in drafts:
        cited.add(draft)
    return cited


def write(rag: Rag, question: Question, packed: Sequence[Passage], extracted: Cited, stages: Stages) -> Written:
    """The answer of the first model whose answer holds, where one is set up and asked for; else the extractive one."""
    if question.mode == "extractive" or (question.mode == "auto" and not rag.writers):
        return Written("extractive", extracted)
    if not rag.writers:
        stages.degraded.append("llm_not_configured")
        return Written("extractive", extracted)
    where = setting(question.text, rag.index.documents.values())
    give_up = time.monotonic() + min(rag.settings.llm_timeout_s, stages.left_s() - RESERVE_S)
    usage = Usage()
    faults: list[str] = []
    for writer in rag.writers:
        tried = _Try(rag, writer, question.text, packed, where)
        tried.run(give_up - time.monotonic())
        usage = usage + tried.usage
        if tried.cited is not None:
            stages.degraded += ["llm_larger_model"] * bool(faults) + ["llm_sentences_dropped"] * tried.dropped
            return Written("llm", tried.cited, tried.generator, usage)
        faults.append(tried.fault)
        if tried.fault in ("llm", "llm_deadline"):  # the larger model stands behind the same server
            break
    stages.degraded += faults
    return Written("extractive", extracted, "", usage)


@dataclass(slots=True)
class _Try:
    """One model's try at a question. `cited` is its answer where it holds, `fault` why it does not."""

    rag: Rag
    writer: Writer
    question: str
    packed: Sequence[Passage]
    where: Setting
    cited: Cited | None = None
    fault: Fault = ""
    dropped: bool = False
    generator: str = ""
    usage: Usage = field(default_factory=Usage)

    def run(self, left_s: float) -> None:
        """Ask and judge, as a span of the trace."""
        with self.rag.tracer.span("llm", "generation", model=self.writer.model) as span:
            try:
                if left_s < WORTH_ASKING_S:
                    raise DeadlineExceeded("There was no time left to ask the LLM.")
                writing = self.writer.write(self.question, self.packed, left_s)
            except (ModelUnavailable, DeadlineExceeded) as error:
                self.fault = "llm_deadline" if isinstance(error, DeadlineExceeded) else "llm"
                log.warning("%s: %s", self.writer.model, error)
                span.update(level="warning", metadata={"reason": self.fault})
                return
            self.generator, self.usage = writing.generator, writing.usage
            metadata = self._judge(writing)
            if self.fault:
                span.update(level="warning")
            span.update(
                output="\n".join(draft.text for draft in writing.drafts),
                usage={"input": writing.usage.input_tokens, "output": writing.usage.output_tokens},
                cost=writing.usage.cost,
                prompt={"name": writing.prompt[0], "version": writing.prompt[1]},
                metadata={**metadata, "reason": self.fault, "generator": writing.generator},
            )

    def _judge(self, writing: Writing) -> dict[str, Any]:
        """Take the answer, as a whole or without what does not hold; what the trace is to say about it."""
        if writing.stop == "refused" or not writing.drafts:
            self.fault = "llm_no_answer"
            return {}
        if writing.stop == "length":  # its last sentence may lack the "not" that was to come
            self.fault = "llm_unsupported"
            return {"cut": True}
        drafts = [aligned(draft, self.packed) for draft in writing.drafts]
        made = cited_drafts(drafts, self.packed)
        faults = [fault_of(sentence, self.where) for sentence in made.sentences]
        kept = [draft for draft, fault in zip(drafts, faults, strict=True) if not fault]
        lost = [draft for draft, fault in zip(drafts, faults, strict=True) if fault]
        if lost and not _still_answers(self.question, kept, lost):
            self.fault = "llm_unsupported"
        elif not steps_kept(kept, lost, self.packed):
            self.fault = "llm_steps"
        else:
            self.cited, self.dropped = cited_drafts(kept, self.packed) if lost else made, bool(lost)
        return {"sentences": len(drafts), "dropped": len(lost), "faults": sorted({fault for fault in faults if fault})}


def fault_of(sentence: Sentence, where: Setting) -> str:
    """Why a sentence may not be told; "" where it may."""
    counts = verify([sentence])
    if not counts.sentences or counts.supported < counts.sentences or counts.numbers_verified < counts.numbers:
        return "unsupported"
    return changed(sentence, where)


_HEADLINE = re.compile(r"[^.!?]{0,80}:$")


def _still_answers(question: str, kept: Sequence[Draft], lost: Sequence[Draft]) -> bool:
    """Whether what is kept answers without what is lost: most of it is left, and neither a word of the question nor the only number went
    with the rest. An opening line ("Here are the values:") is no loss."""
    lost = [draft for draft in lost if not _HEADLINE.fullmatch(draft.text)]
    if not kept or len(lost) > len(kept):
        return False
    left, gone = " ".join(draft.text for draft in kept), " ".join(draft.text for draft in lost)
    asked = set(analyze(question))
    return not (asked & set(analyze(gone))) - set(analyze(left)) and not (quantities(gone) and not quantities(left))
