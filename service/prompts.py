"""What a language model is told: a versioned prompt file, the evidence as marked data, the question.

Every line of evidence begins with a mark made anew for each question ("spotlighting": Hines et al. 2024, arXiv:2403.14720, delimiting and
marking in one). A mark a line, not a sign between words: numbers, units and quotes stay whole, and no text in a document can open or close
the evidence, because it cannot know the mark. Marks are taken out of what the model writes. `{{mark}}` in a prompt stands for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from service.core.types import Chunk, Passage
from service.sentences import units

FILES = Path(__file__).parent / "prompt_files"
NAME, FOLLOWUP = "answer", "followup"
NO_ANSWER = "NO ANSWER"
MARK = "{{mark}}"
MAX_TURN_CHARS = 600  # of an earlier question or answer, where a follow-up is made whole
_UNSEEN = ("Cc", "Cf", "Co", "Cs", "Cn")
MAX_PROMPT_CHARS = 20_000
MAX_EVIDENCE_CHARS = 20_000
"""About 5,000 tokens. Passages beyond that are left out, the last ones first: a server with a small window would cut the rules instead."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and where it comes from. `version` is a number of a file, or of Langfuse's ("langfuse-7")."""

    name: str
    version: str
    text: str

    @property
    def label(self) -> str:
        """Name, version and hash: "answer.2@1f3c09aa"."""
        return f"{self.name}.{self.version}@{hashlib.sha256(self.text.encode('utf-8', 'replace')).hexdigest()[:8]}"


PromptSource = Callable[[], Prompt]
"""Gives the prompt to be used now; never waits for anything."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The two messages of one question, and the mark its evidence bears."""

    system: str
    user: str
    mark: str

    def unmarked(self, text: str) -> str:
        """What a model wrote, without marks it copied."""
        return re.sub(rf"{self.mark.rstrip('|')}\s?\|?\s?", "", text)


@lru_cache
def packaged(name: str = NAME) -> Prompt:
    """The newest prompt file of this name: `NAME` or `FOLLOWUP`."""
    versions = {int(path.name.split(".")[1]): path for path in FILES.glob(f"{name}.*.md")}
    newest = max(versions)
    return Prompt(name, str(newest), versions[newest].read_text("utf-8"))


def fault_of(text: str) -> str:
    """Why a text cannot be a prompt; "" where it can. A prompt that did not name the mark would leave the evidence unguarded."""
    if len(text) > MAX_PROMPT_CHARS:
        return f"it has more than {MAX_PROMPT_CHARS} characters"
    missing = [needed for needed in (MARK, NO_ANSWER) if needed not in text]
    return f"it does not say {' and '.join(missing)}" if missing else ""


def asked(prompt: Prompt, question: str, passages: Sequence[Passage]) -> Asked:
    """The messages for a question over its passages, which are numbered from 1."""
    mark = f"{secrets.token_hex(4)}|"
    blocks: list[str] = []
    room = MAX_EVIDENCE_CHARS
    for number, passage in enumerate(passages, 1):
        block = f"[{number}]\n" + "\n".join(f"{mark} {line}" for line in _lines(passage))
        room -= len(block)
        if room < 0 and blocks:
            break
        blocks.append(block)
    user = "\n\n".join(["Evidence:", *blocks, "Question:\n" + "\n".join(shown(line) for line in question.splitlines())])
    return Asked(prompt.text.replace(MARK, mark), user, mark)


def restating(prompt: Prompt, question: str, history: Sequence[tuple[str, str]]) -> Asked:
    """The messages that ask for a whole question. Of long turns the beginning is told: what a follow-up leaves out is named there."""
    mark = f"{secrets.token_hex(4)}|"
    lines: list[str] = []
    for before, answer in history:
        lines += [f"{mark} Question: {shown(before)[:MAX_TURN_CHARS]}", f"{mark} Answer: {shown(answer)[:MAX_TURN_CHARS]}"]
    user = "\n".join(["Conversation:", *lines, f"{mark} Last question: {shown(question)}", "", "The last question, rewritten:"])
    return Asked(prompt.text.replace(MARK, mark), user, mark)


def _lines(passage: Passage) -> Iterator[str]:
    """A passage as lines: where it stands, then its sentences, steps and rows, one a line; a row with the names of its columns."""
    where = " > ".join(filter(None, (passage.document.title, *passage.chunk.section)))
    yield shown(f"{where}, page {passage.chunk.page_first}")
    yield from filter(None, (shown(line) for line in said_lines(passage.chunk)))


def said_lines(chunk: Chunk) -> Iterator[str]:
    """The units of a chunk as a reader is told them."""
    for unit in units(chunk):
        own = chunk.text[unit.start : unit.end]
        yield unit.part.statement if unit.kind == "table_row" and unit.part.statement else own


def shown(text: str) -> str:
    """A text as a page shows it, on one line, white space collapsed."""
    return " ".join(seen(text).split())


def seen(text: str) -> str:
    """A text without control, format and private characters: tag characters and zero-width ones spell what nobody sees."""
    return "".join(char if char.isspace() or unicodedata.category(char) not in _UNSEEN else "" for char in text)
