"""Crafted hostile files, a builder each: filters, trees and objects here, pages in `hostile_pages`, whole files in `hostile_wrapping`.

`FILES` has them all by name.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from hostile_pages import PAGES_FILES
from hostile_wrapping import WRAPPED_FILES
from rawpdf import CONTENT, FREE, PAGE, PAGES, TEXT, chain, changed, deflated, flate, nested, objects, stream, written

Builder = Callable[[], bytes]
FILES: dict[str, Builder] = {}


def hostile(build: Builder) -> Builder:
    """Register a builder under its name."""
    FILES[build.__name__] = build
    return build


# --- filters ---------------------------------------------------------------------------------------------------------------------------


@hostile
def flate_bomb() -> bytes:
    return changed({CONTENT: stream(deflated(TEXT, 6_000_000), b"/Filter /FlateDecode")})


@hostile
def flate_bomb_packed_twice() -> bytes:
    import zlib

    return changed({CONTENT: stream(zlib.compress(deflated(b" ", 1_500_000_000), 9), b"/Filter [/FlateDecode /FlateDecode]")})


@hostile
def run_length_bomb() -> bytes:
    return changed({CONTENT: stream(deflated(b"\x81q", 4_000_000), b"/Filter [/FlateDecode /RunLengthDecode]")})


@hostile
def ascii85_bomb() -> bytes:
    return changed({CONTENT: stream(deflated(b"z", 200_000_000), b"/Filter [/FlateDecode /ASCII85Decode]")})


@hostile
def hex_bomb() -> bytes:
    return changed({CONTENT: stream(deflated(b"20", 200_000_000), b"/Filter [/FlateDecode /ASCIIHexDecode]")})


@hostile
def lzw_garbage() -> bytes:
    return changed({CONTENT: stream(random.Random(1).randbytes(2_000_000), b"/Filter /LZWDecode")})


@hostile
def a_thousand_filters() -> bytes:
    return changed({CONTENT: stream(TEXT, b"/Filter [" + b"/FlateDecode " * 1000 + b"]")})


@hostile
def predictor_with_endless_columns() -> bytes:
    return changed({CONTENT: flate(TEXT, b"/DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 32 /BitsPerComponent 16 >>")})


# --- pages, trees, lists ---------------------------------------------------------------------------------------------------------------


@hostile
def page_tree_of_5000_levels() -> bytes:
    own = dict(chain(FREE, 5000, b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>"))
    own[FREE + 5000] = objects()[PAGE]
    return changed({PAGES: b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>", **own})


@hostile
def page_tree_that_holds_itself() -> bytes:
    return changed({PAGES: b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>"})


@hostile
def page_tree_that_doubles_forty_times() -> bytes:
    own = dict(chain(FREE, 40, b"<< /Type /Pages /Kids [%d 0 R 3 0 R] /Count 1000 >>"))
    own = {number: body.replace(b" 3 0 R", b" %d 0 R" % (number + 1)) for number, body in own.items()}
    own[FREE + 40] = objects()[PAGE]
    return changed({PAGES: b"<< /Type /Pages /Kids [6 0 R] /Count 1000 >>", **own})


@hostile
def count_of_two_billion_pages() -> bytes:
    return changed({PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>"})


@hostile
def count_below_zero() -> bytes:
    return changed({PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count -7 >>"})


@hostile
def one_page_a_hundred_thousand_times() -> bytes:
    return changed({PAGES: b"<< /Type /Pages /Kids [%s] /Count 100000 >>" % (b"3 0 R " * 100_000)})


@hostile
def a_thousand_pages_share_one_long_stream() -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(FREE, FREE + 1000))
    own = {number: objects()[PAGE] for number in range(FREE, FREE + 1000)}
    content = stream(deflated(TEXT, 3000), b"/Filter /FlateDecode")
    return changed({PAGES: b"<< /Type /Pages /Kids [%s] /Count 1000 >>" % kids, CONTENT: content, **own})


@hostile
def outline_in_a_ring() -> bytes:
    own = {
        6: b"<< /First 7 0 R /Last 8 0 R /Count 2 >>",
        7: b"<< /Title (a) /Parent 6 0 R /Next 8 0 R /First 6 0 R /Dest [3 0 R /Fit] >>",
        8: b"<< /Title (b) /Parent 6 0 R /Next 7 0 R /Dest [3 0 R /Fit] >>",
    }
    return changed(own, catalog=b"/Outlines 6 0 R")


@hostile
def outline_of_20000_levels() -> bytes:
    own = dict(chain(FREE, 20_000, b"<< /Title (deeper) /First %d 0 R /Dest [3 0 R /Fit] >>"))
    return changed(own, catalog=b"/Outlines 6 0 R")


@hostile
def outline_of_60000_entries_with_long_titles() -> bytes:
    own = dict(chain(FREE + 1, 60_000, b"<< /Title (" + b"long " * 40 + b") /Next %d 0 R /Dest [3 0 R /Fit] >>"))
    return changed({FREE: b"<< /First 7 0 R /Last 60006 0 R >>", **own}, catalog=b"/Outlines 6 0 R")


@hostile
def name_tree_in_a_ring() -> bytes:
    own = {
        6: b"<< /Kids [7 0 R] /Limits [(a) (z)] >>",
        7: b"<< /Kids [6 0 R 7 0 R] /Limits [(a) (z)] >>",
        8: b"<< /First 9 0 R /Last 9 0 R >>",
        9: b"<< /Title (x) /Dest (chapter) >>",
    }
    return changed(own, catalog=b"/Names << /Dests 6 0 R >> /Outlines 8 0 R")


@hostile
def page_label_in_roman_numerals_of_a_billion() -> bytes:
    return changed({}, catalog=b"/PageLabels << /Nums [0 << /S /r /St 1000000000 >>] >>")


@hostile
def page_label_in_letters_of_a_billion() -> bytes:
    return changed({}, catalog=b"/PageLabels << /Nums [0 << /S /a /St 2000000000 >>] >>")


@hostile
def page_labels_in_a_ring_and_a_million_long() -> bytes:
    numbers = b" ".join(b"%d << /S /D >>" % number for number in range(200_000))
    own = {6: b"<< /Kids [6 0 R 7 0 R] >>", 7: b"<< /Nums [%s] /Kids [6 0 R] >>" % numbers}
    return changed(own, catalog=b"/PageLabels 6 0 R")


@hostile
def a_million_annotations() -> bytes:
    annotation = b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (x) >> >>"
    return changed({6: annotation}, page=b"/Annots [" + b"6 0 R " * 1_000_000 + b"]")


# --- objects and cross-references ------------------------------------------------------------------------------------------------------


@hostile
def arrays_200000_deep() -> bytes:
    return changed({}, catalog=b"/Deep " + nested(b"[", b"]", 200_000))


@hostile
def dictionaries_100000_deep() -> bytes:
    return changed({}, page=b"/Deep " + nested(b"<</A ", b">>", 100_000, b"1"))


@hostile
def a_name_of_ten_megabytes() -> bytes:
    return changed({}, catalog=b"/" + b"N" * 10_000_000 + b" 1")


@hostile
def a_string_of_parentheses_never_closed() -> bytes:
    return changed({}, catalog=b"/Note " + b"(" * 5_000_000)


@hostile
def a_number_of_a_hundred_thousand_digits() -> bytes:
    return changed({}, box=b"[0 0 595 " + b"9" * 100_000 + b"]")


@hostile
def length_that_refers_to_itself() -> bytes:
    return changed({CONTENT: b"<< /Length 4 0 R >>\nstream\n%s\nendstream" % TEXT})


@hostile
def length_that_lies() -> bytes:
    return changed({CONTENT: stream(TEXT, length=10**12)})


@hostile
def three_hundred_thousand_objects() -> bytes:
    return changed({number: b"[%d]" % number for number in range(FREE, 300_000)})


@hostile
def object_stream_inside_itself() -> bytes:
    packed = flate(b"3 0 6 20 " + b"<< /Type /Page >> << >>", b"/Type /ObjStm /N 2 /First 9 /Extends 6 0 R")
    return changed({6: packed, PAGES: b"<< /Type /Pages /Kids [7 0 R] /Count 1 >>"})


@hostile
def object_stream_of_a_billion_objects() -> bytes:
    return changed({6: flate(b"1 0 " * 10, b"/Type /ObjStm /N 1000000000 /First 40")})


@hostile
def previous_cross_references_in_a_ring() -> bytes:
    plain = written(objects())
    start = plain.rindex(b"xref\n0")
    return plain.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d /XRefStm %d" % (start, start))


@hostile
def five_thousand_previous_cross_references() -> bytes:
    made = bytearray(written(objects()))
    previous = made.rindex(b"xref\n0")
    for _ in range(5000):
        at = len(made)
        made += b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (previous, at)
        previous = at
    return bytes(made)


@hostile
def cross_reference_of_a_billion_entries() -> bytes:
    return written(objects()).replace(b"xref\n0 6\n", b"xref\n0 1000000000\n").replace(b"/Size 6", b"/Size 2147483647")


@hostile
def cross_reference_that_points_nowhere() -> bytes:
    plain = written(objects())
    return plain.replace(b"startxref\n%d" % plain.rindex(b"xref\n0"), b"startxref\n999999999")


@hostile
def cross_reference_stream_in_a_ring() -> bytes:
    body = written(objects())
    body = body[: body.rindex(b"xref\n0")]
    at = len(body)
    table = flate(b"\x01\x00\x10\x00" * 8, b"/Type /XRef /W [1 2 1] /Size 8 /Root 1 0 R /Prev %d /Index [0 1000000000]" % at)
    return body + b"7 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


FILES |= PAGES_FILES | WRAPPED_FILES
