"""The words that ingest, service and eval share: frozen records, no behaviour beyond derived properties.

One word per idea: a *block* is what a page is made of, a *chunk* is stored, a *hit* is found, a *passage* is shown to the
generator, a *citation* to the reader. Identity is an id, never text. Coordinates are PDF points with the origin top-left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.core.late import Closeness

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in PDF points, origin top-left of the page as it is displayed (after /Rotate)."""

BlockKind = Literal["heading", "paragraph", "list_item", "table_row", "table", "notice", "figure", "code"]
NoticeLevel = Literal["danger", "warning", "caution", "notice"]
SEVERITY: tuple[NoticeLevel, ...] = ("danger", "warning", "caution", "notice")
"""Notice levels, most severe first."""
Filters = Mapping[str, tuple[str, ...]]
"""Field name -> accepted values (any of them); several fields must all match. Fields: FILTER_FIELDS."""

FILTER_FIELDS = ("document_id", "product", "manufacturer", "doc_type", "language", "revision")


@dataclass(frozen=True, slots=True)
class Line:
    """A visual line of a text: the character range [start, end) of the owner's text, and where it stands. `exact` as in Block."""

    start: int
    end: int
    box: Box
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: its column head(s), verbatim ("" where there is none), and its range in the owner's text. `exact` as in Block.
    It stands in columns [column, column + span), counted from 0."""

    head: str
    start: int
    end: int
    exact: bool = True
    column: int = 0
    span: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One thing on one page. `text` is verbatim page text in reading order, white space collapsed, lines joined by a blank.

    `section` is the path of headings above it, outermost first. `lines` cover `text` left to right. A table is a run of `table` blocks
    (its head rows) and `table_row` blocks with one `group`; a procedure or list is a run of `list_item` blocks with one `group`; a
    notice box is one `notice` block with its `level`. `caption` is the caption of the table or figure the block belongs to. `exact` is
    False where the text does not stand in one piece in the page's own text stream (a table row of several lines, say): then only lines
    or cells of it that are exact themselves may be quoted. `statement` makes a table row self-contained ("Power terminal screws (Table
    4-2): size M8, torque 7 Nm"): subject, column heads, values with the units of their heads; it is shown and searched, never quoted.
    `marker` is the printed list marker ("3.", "a)", "•"), `depth` how deep a list item is nested, from 0.
    """

    block_id: str
    kind: BlockKind
    text: str
    page: int
    box: Box
    section: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    cells: tuple[Cell, ...] = ()
    group: str = ""
    caption: str = ""
    level: NoticeLevel | None = None
    exact: bool = True
    statement: str = ""
    marker: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """The piece of a chunk's text that comes from one block: characters [start, end) of `Chunk.text`, all on one page.

    `lines` and `cells` carry offsets into `Chunk.text` (not into the block); the other fields are those of the block.
    """

    start: int
    end: int
    page: int
    kind: BlockKind
    lines: tuple[Line, ...] = ()
    cells: tuple[Cell, ...] = ()
    level: NoticeLevel | None = None
    exact: bool = True
    statement: str = ""
    marker: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Guard:
    """A safety notice that applies to a chunk: its level, its verbatim text and page, and the chunk it stands in itself."""

    level: NoticeLevel
    text: str
    page: int
    chunk_id: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is stored and searched. `text` is verbatim and the only text that may be quoted; `context` (document title,
    section path, table caption and head) is indexed with it and never quoted. `n_tokens` counts `indexed_text` with the
    embedder's own tokenizer, special tokens included. `ordinal` is its place in the document, 0-based;
    `previous_id` and `next_id` are its neighbours there ("" at the ends). `group` is the table or procedure it is a piece of, and
    `group_ids` are all chunks of that (of a chunk that is a piece of neither: of its section), this one included, in order: who finds step
    4 can reach steps 1 to 3. `guards` are the notices
    that apply to it (not only those in its text). `codes` are the codes and names its text holds (keys of `core.codes`)."""

    chunk_id: str
    document_id: str
    ordinal: int
    text: str
    context: str
    section: tuple[str, ...]
    page_first: int
    page_last: int
    kind: BlockKind
    parts: tuple[Part, ...]
    n_tokens: int
    group: str = ""
    previous_id: str = ""
    next_id: str = ""
    group_ids: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def indexed_text(self) -> str:
        """What the embedder, BM25 and the cross-encoder read: context, line break, text."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field of a document's record was taken from ("corpus.toml", "title page", ...), and how sure that is (0 to 1)."""

    field: str
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Document:
    """One indexed document. `page_labels[i]` is the printed number of physical page i + 1 ("" where none is known). `empty_pages` could
    not be read at all, `ocr_pages` were read by OCR. `superseded_by` is the id of the newer revision of its family that is current ("":
    this one is). `suffix` is the source file's ("pdf", "md", ...)."""

    document_id: str
    sha256: str
    file: str
    title: str
    n_pages: int
    n_chunks: int = 0
    manufacturer: str = ""
    product: tuple[str, ...] = ()
    doc_type: str = ""
    revision: str = ""
    date: str = ""
    language: str = ""
    family: str = ""
    supersedes: tuple[str, ...] = ()
    source: str = ""
    aliases: tuple[str, ...] = ()
    page_labels: tuple[str, ...] = ()
    empty_pages: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    superseded_by: str = ""
    suffix: str = "pdf"
    origins: tuple[Origin, ...] = ()

    def page_label(self, page: int) -> str | None:
        """The printed number of a physical, 1-based page, or None where the document prints or declares none."""
        label = self.page_labels[page - 1] if 0 < page <= len(self.page_labels) else ""
        return label or None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found by one search. Higher scores are better; scores of different searches do not compare."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a cross-encoder says of a text read with a question, both unbounded logits: how relevant it is, and whether it answers this very
    question. A model with one output gives it for both."""

    relevance: float
    answers: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A ranked chunk with the score of every stage that saw it (`dense`, `lexical`, `fused`, `rerank`); `closeness` where the question was
    compared with it token by token."""

    chunk: Chunk
    document: Document
    scores: Mapping[str, float | None]
    closeness: Closeness | None = field(default=None, compare=False, repr=False)

    @property
    def score(self) -> float:
        """The score of the last stage that ranked it."""
        for stage in ("final", "rerank", "fused"):
            value = self.scores.get(stage)
            if value is not None:
                return value
        return 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """Evidence: characters [start, end) of the text of `passages[passage]`'s chunk."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One sentence a generator wrote, with the evidence it stands on. An LLM leaves `evidence` empty and writes [n] markers
    (1-based passage numbers) into `text`; the extractive answerer gives exact spans and writes none. `added` holds the words of
    `text` that come from the evidence's surroundings (column heads, caption), not from the spans. `score` says how well the
    sentence answers, on the generator's own scale (an LLM gives none)."""

    text: str
    evidence: tuple[Span, ...] = ()
    added: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence of the answer stands: `quote` is verbatim from physical page `page` (1-based) of `file`."""

    marker: int
    document_id: str
    file: str
    title: str
    revision: str | None
    page: int
    page_label: str | None
    section: tuple[str, ...]
    quote: str
    boxes: tuple[Box, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Notice:
    """A safety notice that travels with the answer; `marker` is the citation it stands at."""

    level: NoticeLevel
    text: str
    marker: int


RefusalReason = Literal["out_of_scope", "not_in_documents", "ambiguous", "unsafe", "invalid"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, said to the reader, with the nearest evidence."""

    reason: RefusalReason
    message: str
    nearest: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """Counts over the answer's sentences and its numbers-with-unit."""

    sentences: int = 0
    supported: int = 0
    numbers: int = 0
    numbers_verified: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What asking language models took: tokens read and written, and their cost in the currency of the price settings."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens, self.cost + other.cost)


@dataclass(frozen=True, slots=True)
class Writing:
    """What a language model wrote: its sentences, each with its [n] markers (none where it found no answer), how it came to an end ("end":
    by itself; "length": at the limit of tokens; "refused": it would not go on), what that took, and who wrote it: `generator` is model and
    prompt version with hash, `prompt` name and version of the prompt."""

    drafts: tuple[Draft, ...]
    stop: Literal["end", "length", "refused"]
    usage: Usage
    generator: str
    prompt: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Restated:
    """A follow-up question as a language model made it whole, unproved, and what that took."""

    text: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader gets. A refusal is a result, not an error. `generator` names model and prompt where a language model wrote it;
    `usage` counts all language models that were asked, also those whose answer was not taken."""

    status: Literal["answered", "refused", "clarify"]
    text: str
    citations: tuple[Citation, ...] = ()
    notices: tuple[Notice, ...] = ()
    refusal: Refusal | None = None
    confidence: float = 0.0
    mode: Literal["extractive", "llm"] = "extractive"
    verification: Verification = field(default_factory=Verification)
    degraded: tuple[str, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    generator: str = ""
    usage: Usage = field(default_factory=Usage)
