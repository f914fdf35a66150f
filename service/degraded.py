"""What an answer had to do without, from one fixed list.

`Answer.degraded` holds words of `PARTS`, and one sentence for every document the answer cites that has unreadable pages: what is missing
there is named to the reader with its pages. Metrics and traces count such a sentence as the part `UNREADABLE_PAGES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.core.pages import named
from service.core.types import Answer, Document

UNREADABLE_PAGES = "unreadable_pages"
LANGUAGE = "language"  # the question is in a language the embedder does not read (`service.query.languages.supported`)
PARTS = (
    "dense",
    "lexical",
    "late",  # late interaction: the order of the searches stands
    "rerank",
    "rerank_budget",  # the time for it ran out; what was read till then decided
    "llm_followup",  # it did not make the follow-up whole in time, or not by what was said; rules did
    "llm",  # it did not answer, or not as its protocol says
    "llm_deadline",  # it did not answer in time
    "llm_no_answer",  # it found none in the evidence, or would not answer
    "llm_unsupported",  # it said what the evidence does not
    "llm_steps",  # it left out a step of a procedure, or turned two round
    "llm_sentences_dropped",  # some of its sentences were not proved and are left out
    "llm_larger_model",  # the larger model wrote, because the first one's answer did not hold
    "llm_not_configured",
    "evidence_withheld",  # text of a document that talks to the answerer was not used
    LANGUAGE,
    UNREADABLE_PAGES,
)


def unreadable(answer: Answer, documents: Mapping[str, Document]) -> tuple[str, ...]:
    """A sentence a document cited (as the nearest evidence too) whose pages could not all be read: "m.pdf: pages 3-5 unreadable (no
    usable text layer)"."""
    cited = [*answer.citations, *(answer.refusal.nearest if answer.refusal else ())]
    found = (documents.get(document_id) for document_id in dict.fromkeys(item.document_id for item in cited))
    return tuple(f"{one.file}: {named(one.empty_pages)} unreadable (no usable text layer)" for one in found if one and one.empty_pages)


def parts(degraded: Iterable[str]) -> tuple[str, ...]:
    """The parts without names of files, each once."""
    return tuple(dict.fromkeys(entry if entry in PARTS else UNREADABLE_PAGES for entry in degraded))
