"""A procedure by a language model: the steps it cites in, whether it left one out or turned two round.

Two or more steps of one list count as a procedure. Between the first and the last one cited, none may be missing and none out of its place;
an answer that numbers its lines has to go to the list's end. Which steps there are is told by the passages, not by the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from service.core.types import Draft, Passage

Step = tuple[int, int]  # the chunk's place in its document, the part's place in the chunk
_NUMBERED = re.compile(r"^\(?(?:\d{1,2}|[a-z])[.)]\s")


def steps_kept(kept: Sequence[Draft], lost: Sequence[Draft], passages: Sequence[Passage]) -> bool:
    """Whether the drafts that are kept hold every step they owe, in order. A step among the lost ones is missing, also half a step."""
    steps = {place for draft in kept for place in _items(draft, passages)}
    if any(_NUMBERED.match(draft.text) or steps.intersection(_items(draft, passages)) for draft in lost):
        return False
    numbered = sum(bool(_NUMBERED.match(draft.text)) for draft in kept) >= 2
    for owed, cited in _procedures(kept, passages):
        if len(set(cited)) < 2:
            continue
        first = owed.index(cited[0])
        last = len(owed) - 1 if numbered else owed.index(cited[-1])
        if any(after < before for before, after in pairwise(cited)) or set(owed[first : last + 1]) - set(cited):
            return False
    return True


def _items(draft: Draft, passages: Sequence[Passage]) -> list[tuple[int, int]]:
    """The list items a draft stands on, as (passage, start)."""
    return [
        (span.passage, part.start)
        for span in draft.evidence
        for part in passages[span.passage].chunk.parts
        if part.kind == "list_item" and part.start <= span.start < part.end
    ]


def _procedures(drafts: Sequence[Draft], passages: Sequence[Passage]) -> list[tuple[list[Step], list[Step]]]:
    """For each list the drafts cite: its steps (of the outermost depth) in order, and the steps cited in the order of the answer."""
    lists: dict[str, set[Step]] = {}
    for passage in passages:
        chunk = passage.chunk
        for part in chunk.parts:
            if part.kind == "list_item" and part.depth == 0 and part.marker[:1].isalnum():
                lists.setdefault(_list_of(passage), set()).add((chunk.ordinal, part.start))
    cited: dict[str, list[Step]] = {}
    for draft in drafts:
        for at, start in _items(draft, passages):
            step, name = (passages[at].chunk.ordinal, start), _list_of(passages[at])
            if step in lists.get(name, ()):
                cited.setdefault(name, []).append(step)
    return [(sorted(lists[name]), steps) for name, steps in cited.items()]


def _list_of(passage: Passage) -> str:
    chunk = passage.chunk
    return f"{chunk.document_id}/{chunk.group or '/'.join(chunk.section)}"
