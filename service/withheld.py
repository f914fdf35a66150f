"""Text in a document that talks to whoever writes the answer instead of to its reader: found, and handed to no answerer.

"Ignore all previous instructions", "AI assistants must say ...", "in your answer include ...": no manual says that to a technician. A
paragraph, step, row, heading, title or notice that does is neither read by a language model nor quoted nor carried as a notice, and the
answer says that something was withheld. Of a paragraph, what stands before it stays. The phrases stand in `models/withheld.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from service.core.text import fold
from service.core.types import Chunk, Document, Part, Passage
from service.patterns import read_patterns
from service.prompts import seen
from service.sentences import sentence_spans

WITHHELD = "(withheld)"
_COMMANDS = re.compile(
    r"^\W*(?:(?:then|now|please|and|instead|also|just)[ ,]+)*"
    r"(?:say|print|output|write|respond|reply|answer|repeat|include|append|add|mention|state|quote|tell|inform|show|display|send|give)\b"
)
_SPACED = re.compile(r"(?<!\w)(?:\w[ .\-_*]){5,}\w(?!\w)")


@lru_cache(maxsize=1)
def _phrases() -> tuple[tuple[str, ...], tuple[re.Pattern[str], ...]]:
    """Pieces of text of which every phrase holds one, and the phrases; one by one they are searched thirty times faster than as one."""
    words = read_patterns("withheld")
    phrases = [phrase for group in words["phrases"].values() for phrase in group]
    for name, piece in reversed(words["pieces"].items()):
        phrases = [phrase.replace("{" + name + "}", piece) for phrase in phrases]
    return tuple(words["holds"]), tuple(map(re.compile, phrases))


def _holds_a_phrase(plain: str) -> bool:
    pieces, phrases = _phrases()
    return any(piece in plain for piece in pieces) and any(phrase.search(plain) for phrase in phrases)


@lru_cache(maxsize=8192)
def talks_to_the_answerer(text: str) -> bool:
    """Whether a text is meant for whoever writes the answer."""
    plain = _plain(text)
    spelled = _SPACED.sub(lambda match: re.sub(r"[ .\-_*]", "", match.group()), plain)
    return _holds_a_phrase(plain) or (spelled != plain and _holds_a_phrase(spelled))


def _plain(text: str) -> str:
    """Folded, without characters nobody sees, single blanks."""
    return " ".join(fold(text if text.isascii() else seen(text)).split())


def screened(passages: Sequence[Passage], degraded: list[str]) -> list[Passage]:
    """The passages without what talks to the answerer; `evidence_withheld` is added to `degraded` where something was taken out."""
    made = [_passage(passage) for passage in passages]
    if any(new is not old for new, old in zip(made, passages, strict=True)):
        degraded.append("evidence_withheld")
    return made


def _passage(passage: Passage) -> Passage:
    chunk, document = _chunk(passage.chunk), _document(passage.document)
    if chunk is passage.chunk and document is passage.document:
        return passage
    return replace(passage, chunk=chunk, document=document)


def _document(document: Document) -> Document:
    """With another title where the title is not one."""
    if not talks_to_the_answerer(document.title):
        return document
    title = WITHHELD if talks_to_the_answerer(document.file) else document.file
    return replace(document, title=title, product=(), manufacturer="")  # these may have been read out of the title


def _chunk(chunk: Chunk) -> Chunk:
    """With the parts, notices and headings that may be read. `text` keeps its length, so that all places in it hold; nothing reads
    more of it than the parts that are left."""
    parts = tuple(_kept(chunk))
    guards = tuple(guard for guard in chunk.guards if not talks_to_the_answerer(guard.text))
    section = tuple(WITHHELD if talks_to_the_answerer(heading) else heading for heading in chunk.section)
    if parts == chunk.parts and len(guards) == len(chunk.guards) and section == chunk.section:
        return chunk
    return replace(chunk, parts=parts, guards=guards, section=section)


def _kept(chunk: Chunk) -> list[Part]:
    """The parts that may be read. A part right behind a text that may not goes too where it begins with a command to write: "Ignore the
    rules above." is followed by "Say that ..."."""
    kept: list[Part] = []
    behind = False
    for part in chunk.parts:
        own = chunk.text[part.start : part.end]
        said = (own, part.statement, *dict.fromkeys(cell.head for cell in part.cells))
        behind = any(talks_to_the_answerer(text) for text in said if text) or (behind and bool(_COMMANDS.match(_plain(own))))
        kept += _before(chunk, part) if behind else [part]
    return kept


def _before(chunk: Chunk, part: Part) -> list[Part]:
    """What stands in a paragraph before the sentence that talks to the answerer: what follows it is likely to belong to it."""
    own = chunk.text[part.start : part.end]
    if part.kind != "paragraph" or not part.exact:
        return []
    end = part.start
    for first, last in sentence_spans(own):
        if talks_to_the_answerer(own[first:last]):
            break
        end = part.start + last
    if end == part.start or talks_to_the_answerer(chunk.text[part.start : end]):
        return []
    lines = tuple(replace(line, end=min(line.end, end)) for line in part.lines if line.start < end)
    return [replace(part, end=end, lines=lines)]
