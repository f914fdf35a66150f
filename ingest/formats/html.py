"""An HTML file -> Blocks: headings, paragraphs, lists, tables, code, notice boxes, figures, in the order of the source.

In: a path, or HTML made from Markdown. Out: `Parsed`. Hidden elements, scripts and what stands around every page of a site are left
out and counted. A document is one page. Nothing is fetched and nothing is run.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import Comment

from ingest.formats.blocks import Builder
from ingest.formats.check import NO_MARKS, mark_inexact, strip_tags
from ingest.formats.encoding import read_text
from ingest.formats.hidden import read_styles
from ingest.formats.html_inline import Inline, Left, Shapes
from ingest.formats.html_walk import Walker
from ingest.language import guess_language
from ingest.parsed import Parsed

MAX_META = 500
_META_NAMES = """author date description keywords product model manufacturer revision version language dcterms.date dcterms.modified
dc.title dc.date dc.creator dc.publisher document-type doc_type doctype last-modified created modified"""
_META = frozenset(_META_NAMES.split())


def parse_html(path: Path, document_id: str) -> Parsed:
    """Parse in this process. Raises UnreadableDocument or LimitExceeded."""
    text = read_text(path, declared=True)
    soup = make_soup(text)
    metadata = _metadata(soup)
    return read_soup(soup, Builder(document_id, path.name), metadata, strip_tags(text))


def make_soup(text: str) -> BeautifulSoup:
    """The parsed page; a file that is XML by its first line is read as HTML all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(text, "lxml")


def read_soup(soup: BeautifulSoup, builder: Builder, metadata: dict[str, str], plain: str, dropped: re.Pattern[str] = NO_MARKS) -> Parsed:
    """Walk a parsed page. `plain` is the source's text without markup, read another way: what is not found in it is no quote; what
    `dropped` matches is markup still."""
    left = Left()
    walker = Walker(builder, Inline(read_styles(soup), left), Shapes(soup))
    comments = soup.find_all(string=lambda string: isinstance(string, Comment))
    left.furniture += sum(len(comment.strip()) for comment in comments)
    walker.walk(_root(soup), 0)
    blocks = mark_inexact(builder.finish(), plain, dropped=dropped)
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    n_hidden = left.hidden + builder.n_hidden
    told = [f"hidden text ignored ({n_hidden} characters)"] if n_hidden > 3 else []
    told += [f"navigation, scripts, comments and the like left out ({left.furniture} characters)"] if left.furniture > 3 else []
    return Parsed(
        n_pages=1,
        blocks=blocks,
        page_labels=("",),
        empty_pages=(),
        title=metadata.get("title") or first,
        metadata=metadata,
        language=_language(soup) or guess_language(" ".join(block.text for block in blocks[:2000])),
        warnings=tuple(told) if blocks else (*told, "the file holds no text"),
        timings_s={},
        front=tuple(block.text for block in blocks[:40]),
    )


def _root(soup: BeautifulSoup) -> Tag:
    """The element that holds the document: `main` where it has most of the text, else the body."""
    body = soup.body or soup
    mains = body.find_all(lambda tag: tag.name == "main" or tag.get("role") == "main", limit=2)
    main = mains[0] if len(mains) == 1 else None
    if isinstance(main, Tag) and len(main.get_text()) > 0.5 * len(body.get_text()) - 200:
        return main
    return body


def _metadata(soup: BeautifulSoup) -> dict[str, str]:
    """`<title>` and the `<meta>` elements that say something of the document."""
    found: dict[str, str] = {}
    if soup.title is not None:
        found["title"] = " ".join(soup.title.get_text().split())[:MAX_META]
    for meta in soup.find_all("meta", limit=200):
        name = str(meta.get("name") or meta.get("property") or "").lower()
        content = " ".join(str(meta.get("content") or "").split())[:MAX_META]
        if name in _META and content:
            found.setdefault(name, content)
    return {name: value for name, value in found.items() if value}


def _language(soup: BeautifulSoup) -> str:
    language = str(soup.html.get("lang") or "")[:2].lower() if soup.html is not None else ""
    return language if language in ("en", "de", "zh") else ""
