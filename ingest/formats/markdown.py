"""A Markdown file -> Blocks: front matter into metadata, admonitions of the usual dialects into boxes, the rest by CommonMark with tables.

In: a path. Out: `Parsed`. Markdown may hold any HTML, so it is made HTML first and then read like HTML: what hides text there hides it
here. A document is one page.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt

from ingest.formats.blocks import Builder
from ingest.formats.check import MARKS, strip_markdown
from ingest.formats.dialects import FENCE, to_commonmark
from ingest.formats.encoding import read_text
from ingest.formats.html import make_soup, read_soup
from ingest.parsed import Parsed
from service.core.errors import LimitExceeded

MAX_FIELD = 500
MAX_FIELDS = 60
MAX_RUN = 50_000
MAX_MARKS = 5000
_FIELD = re.compile(r"^([A-Za-z][\w .-]{0,60}?)\s*:(?:\s+(.*))?$")


def parse_markdown(path: Path, document_id: str) -> Parsed:
    """Parse in this process. Raises UnreadableDocument or LimitExceeded."""
    metadata, source = split_front_matter(read_text(path))
    lines = source.split("\n")
    _check_runs(lines, path.name)
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 60}).enable(["table", "strikethrough"])
    rendered = parser.render("\n".join(to_commonmark(lines)))
    return read_soup(make_soup(rendered), Builder(document_id, path.name), metadata, f"{strip_markdown(source)}\n{source}", MARKS)


def _check_runs(lines: Sequence[str], name: str) -> None:
    """Inline Markdown is read in time that may grow with the square of a paragraph: what no author writes is refused. Tables and code
    are read by the cell and not at all."""
    fence, n_chars, n_marks = "", 0, 0
    for line in lines:
        opened = FENCE.match(line)
        if opened and (not fence or opened.group(1).startswith(fence)):
            fence = "" if fence else opened.group(1)
        if fence or not line.strip() or line.lstrip().startswith("|"):
            n_chars = n_marks = 0
            continue
        n_chars, n_marks = n_chars + len(line), n_marks + sum(line.count(mark) for mark in "[*_`<!~&")
        if n_chars > MAX_RUN and n_marks > MAX_MARKS:
            raise LimitExceeded(f"{name}: a paragraph of more than {MAX_RUN} characters and {MAX_MARKS} marks.")


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """(metadata, the text after it). Front matter is simple YAML between "---" lines or TOML between "+++" lines, at the start."""
    mark = text[:3]
    if mark not in ("---", "+++") or not text[3:4].isspace():
        return {}, text
    end = re.search(rf"^{re.escape(mark)}[ \t]*$|^\.\.\.[ \t]*$", text[4:20_000], re.M)
    if end is None:
        return {}, text
    head, rest = text[4 : 4 + end.start()], text[4 + end.end() :]
    if mark == "+++":
        try:
            fields = {key: _joined(value) for key, value in tomllib.loads(head).items() if not isinstance(value, dict)}
        except tomllib.TOMLDecodeError:
            return {}, text
    else:
        fields = dict(_yaml(head.split("\n")))
        if not fields and head.strip():
            return {}, text  # a rule, and a paragraph under it
    return {key.strip().lower(): value[:MAX_FIELD] for key, value in list(fields.items())[:MAX_FIELDS] if value}, rest


def _joined(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _yaml(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`key: value` lines with plain, quoted and listed values; anything deeper is left out."""
    key, items = "", []
    for line in lines:
        listed = re.match(r"^\s*-\s+(.*)$", line)
        match = _FIELD.match(line)
        if listed and key:
            items.append(_unquoted(listed.group(1)))
        elif match:
            if key and items:
                yield key, ", ".join(items)
            key, items = match.group(1), []
            value = (match.group(2) or "").strip()
            if value.startswith("[") and value.endswith("]"):
                items = [_unquoted(item) for item in value[1:-1].split(",")]
            elif value and value not in ("|", ">", "|-", ">-"):
                items = [_unquoted(re.sub(r"\s+#.*$", "", value) if value[0] not in "\"'" else value)]
    if key and items:
        yield key, ", ".join(items)


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
