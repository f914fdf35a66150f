"""A page's text in, the texts it may mean out: codes of symbol fonts (U+E000 to U+F8FF) read as the PDF reader reads them.

An extractor gives such a code without the name of its font, so the text is read once by each table of `ingest.pdf.repair`. It must not know
quotes or citations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.pdf.repair import repaired_char, symbol_table

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_TABLES = tuple(symbol_table(font) for font in ("Symbol", "Wingdings", "Webdings", "ZapfDingbats"))


def readings(text: str) -> Iterator[str]:
    """The text as it is, then (only where it holds codes of symbol fonts) by each table."""
    yield text
    if _PRIVATE.search(text):
        for table in _TABLES:
            yield _PRIVATE.sub(lambda match, table=table: repaired_char(match.group(), table), text)  # type: ignore[misc]
