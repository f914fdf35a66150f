"""PDF files written object by object, so that any part of them can be wrong."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

TEXT = b"BT /F1 12 Tf 72 700 Td (Tighten the terminal screws to 7 Nm and close the cover.) Tj ET\n"
CATALOG, PAGES, PAGE, CONTENT, FONT, FREE = 1, 2, 3, 4, 5, 6


def stream(data: bytes, entries: bytes = b"", length: int | None = None) -> bytes:
    """A stream object's body; `length` may lie."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data) if length is None else length, entries, data)


def flate(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object's body, deflated."""
    return stream(zlib.compress(data, 9), b"/Filter /FlateDecode " + entries)


def deflated(unit: bytes, times: int) -> bytes:
    """`unit` repeated, deflated without holding all of it in memory."""
    packer = zlib.compressobj(9)
    block = unit * max(1, 1_000_000 // len(unit))
    n_blocks, rest = divmod(times, max(1, 1_000_000 // len(unit)))
    return b"".join([*(packer.compress(block) for _ in range(n_blocks)), packer.compress(unit * rest), packer.flush()])


def written(objects: dict[int, bytes], trailer: bytes = b"/Root 1 0 R", header: bytes = b"%PDF-1.7\n") -> bytes:
    """A file of these objects with a right cross-reference table."""
    pieces, places, at = [header], {}, len(header)
    for number, body in objects.items():
        piece = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        places[number] = at
        pieces.append(piece)
        at += len(piece)
    size = max(objects) + 1
    rows = (b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n" for number in range(size))
    pieces.append(b"xref\n0 %d\n%s" % (size, b"".join(rows)))
    pieces.append(b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, at))
    return b"".join(pieces)


def objects(
    content: bytes = TEXT, *, resources: bytes = b"", page: bytes = b"", catalog: bytes = b"", box: bytes = b"[0 0 595 842]"
) -> dict[int, bytes]:
    """One page in Helvetica (F1), by object number; own objects go to `FREE` and above."""
    return {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        PAGE: b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 4 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> %s >> %s >>"
        % (box, resources, page),
        CONTENT: stream(content),
        FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }


def nested(opening: bytes, closing: bytes, depth: int, inner: bytes = b"") -> bytes:
    """`opening` and `closing` around `inner`, `depth` times."""
    return opening * depth + inner + closing * depth


def chain(first: int, n: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbered objects that each name the next by %d."""
    for number in range(first, first + n):
        yield number, body % (number + 1)


def changed(own: dict[int, bytes], **page: bytes) -> bytes:
    """The one-page file of `objects(**page)` with some objects replaced or added."""
    return written({**objects(**page), **own})
