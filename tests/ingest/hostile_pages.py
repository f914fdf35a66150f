"""Crafted hostile pages, a builder each: contents, fonts, pictures, boxes. `PAGES_FILES` has them by name."""

from __future__ import annotations

import random
from collections.abc import Callable

from rawpdf import CONTENT, TEXT, chain, changed, deflated, flate, objects, stream, written

Builder = Callable[[], bytes]
PAGES_FILES: dict[str, Builder] = {}


def hostile(build: Builder) -> Builder:
    """Register a builder under its name."""
    PAGES_FILES[build.__name__] = build
    return build


def _packed(unit: bytes, times: int) -> dict[int, bytes]:
    return {CONTENT: stream(deflated(unit, times), b"/Filter /FlateDecode")}


def _picture(entries: bytes, data: bytes) -> bytes:
    own = {6: stream(data, b"/Type /XObject /Subtype /Image " + entries)}
    return changed(own, content=b"q 595 0 0 842 0 0 cm /X Do Q", resources=b"/XObject << /X 6 0 R >>")


# --- contents --------------------------------------------------------------------------------------------------------------------------


@hostile
def a_million_operators() -> bytes:
    return changed(_packed(b"BT ET q Q 0 g ", 1_000_000))


@hostile
def states_never_restored() -> bytes:
    return changed(_packed(b"q ", 2_000_000))


@hostile
def marked_content_500000_deep() -> bytes:
    return changed(_packed(b"/P <</MCID 1>> BDC ", 500_000))


@hostile
def half_a_million_letters_on_one_spot() -> bytes:
    return changed(_packed(b"BT /F1 9 Tf 72 700 Td (overlaps) Tj ET\n", 60_000))


@hostile
def half_a_million_text_objects_all_over() -> bytes:
    draw = random.Random(3)
    content = b"".join(
        b"BT /F1 4 Tf 1 0 0 1 %d %d Tm (%c) Tj ET\n" % (draw.randrange(595), draw.randrange(842), 65 + draw.randrange(26))
        for _ in range(150_000)
    )
    return changed({CONTENT: flate(content)})


@hostile
def a_line_of_ten_million_letters() -> bytes:
    return changed({CONTENT: flate(b"BT /F1 1 Tf 0 0 Td (" + b"x" * 10_000_000 + b") Tj ET")})


@hostile
def a_path_of_a_million_pieces() -> bytes:
    draw = random.Random(4)
    pieces = b"".join(b"%d %d l\n" % (draw.randrange(595), draw.randrange(842)) for _ in range(10_000)) * 100
    return changed({CONTENT: flate(b"0 0 m\n" + pieces + b"S\n" + TEXT)})


@hostile
def a_grid_of_a_hundred_thousand_rules() -> bytes:
    level = b"".join(b"0 %.2f m 595 %.2f l S\n" % (y / 60, y / 60) for y in range(50_000))
    upright = b"".join(b"%.2f 0 m %.2f 842 l S\n" % (x / 80, x / 80) for x in range(47_000))
    return changed({CONTENT: flate(level + upright + TEXT)})


@hostile
def a_table_of_two_hundred_thousand_cells() -> bytes:
    rules = b"".join(b"0 %d m 595 %d l S\n" % (y, y) for y in range(0, 842, 2))
    rules += b"".join(b"%d 0 m %d 842 l S\n" % (x, x) for x in range(0, 595, 2))
    words = b"".join(b"BT /F1 3 Tf %d %d Td (w) Tj ET\n" % (x, y) for x in range(0, 595, 6) for y in range(0, 842, 4))
    return changed({CONTENT: flate(rules + words)})


@hostile
def dashes_too_small_to_see() -> bytes:
    return changed({}, content=b"[1e-9 1e-9] 0 d 1e6 w 0 0 m 1e9 1e9 l S\n" + TEXT)


@hostile
def numbers_that_are_none() -> bytes:
    return changed({}, content=b"nan inf -inf 1e999 1e-999 --5 +-3 0x1F cm BT /F1 nan Tf 1 0 0 1 inf -inf Tm (lost) Tj ET\n" + TEXT)


@hostile
def letters_of_no_size_and_of_a_billion_points() -> bytes:
    return changed({}, content=b"BT /F1 1e-30 Tf 72 700 Td (small) Tj /F1 1e30 Tf (large) Tj 1e20 0 0 1e20 0 0 Tm (far) Tj ET\n" + TEXT)


@hostile
def operands_without_an_end() -> bytes:
    return changed({CONTENT: flate(b"1 " * 3_000_000 + b"re f\n" + TEXT)})


@hostile
def strings_and_arrays_left_open() -> bytes:
    return changed({}, content=b"BT /F1 9 Tf [[[[((((<<<</A [ (" * 20_000 + TEXT)


@hostile
def a_hundred_thousand_contents() -> bytes:
    return written({**objects(), 6: b"[" + b"4 0 R " * 100_000 + b"]"}).replace(b"/Contents 4 0 R", b"/Contents 6 0 R")


@hostile
def inline_picture_without_an_end() -> bytes:
    return changed({}, content=TEXT + b"BI /W 100000 /H 100000 /BPC 8 /CS /RGB ID " + b"\xaa" * 500_000)


# --- forms, patterns, masks ------------------------------------------------------------------------------------------------------------


@hostile
def a_form_that_draws_itself() -> bytes:
    form = stream(b"/X Do " + TEXT, b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X 6 0 R >> >>")
    return changed({6: form}, content=b"/X Do " + TEXT, resources=b"/XObject << /X 6 0 R >>")


@hostile
def forms_that_multiply() -> bytes:
    body = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X %d 0 R >> /Font << /F1 5 0 R >> >>"
    own = {number: stream(b"/X Do " * 10, entries) for number, entries in chain(6, 12, body)}
    own[18] = stream(TEXT, b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>")
    return changed(own, content=b"/X Do", resources=b"/XObject << /X 6 0 R >>")


@hostile
def a_pattern_that_paints_itself() -> bytes:
    entries = b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 1e-6 /YStep 1e-6 /Resources << /Pattern << /P 6 0 R >> >>"
    pattern = stream(b"/Pattern cs /P scn 0 0 1 1 re f", entries)
    return changed({6: pattern}, content=b"/Pattern cs /P scn 0 0 595 842 re f\n" + TEXT, resources=b"/Pattern << /P 6 0 R >>")


@hostile
def a_mask_that_masks_itself() -> bytes:
    own = {
        6: b"<< /Type /ExtGState /SMask << /S /Luminosity /G 7 0 R >> >>",
        7: stream(
            b"/G gs 0 0 9 9 re f",
            b"/Subtype /Form /BBox [0 0 595 842] /Group << /S /Transparency >> /Resources << /ExtGState << /G 6 0 R >> >>",
        ),
    }
    return changed(own, content=b"/G gs " + TEXT, resources=b"/ExtGState << /G 6 0 R >>")


@hostile
def a_shading_whose_function_calls_itself() -> bytes:
    function = b"<< /FunctionType 3 /Domain [0 1] /Functions [7 0 R 7 0 R] /Bounds [0.5] /Encode [0 1 0 1] >>"
    own = {6: b"<< /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 1 1] /Function 7 0 R >>", 7: function}
    return changed(own, content=b"/S sh " + TEXT, resources=b"/Shading << /S 6 0 R >>")


# --- fonts -----------------------------------------------------------------------------------------------------------------------------


def _font(body: bytes, own: dict[int, bytes]) -> bytes:
    return changed({6: body, **own}, content=TEXT + b"BT /F2 12 Tf 72 600 Td (abcABC) Tj <0041004200430001> Tj ET")


def _mapped(mapping: bytes) -> bytes:
    head = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <00> <FFFF> endcodespacerange\n"
    body = b"<< /Type /Font /Subtype /TrueType /BaseFont /Arial /ToUnicode 7 0 R >>"
    return _font(body, {7: flate(head + mapping + b"\nendcmap end end")})


@hostile
def a_letter_that_reads_as_a_book() -> bytes:
    return _mapped(b"1 beginbfchar\n<61> <" + b"0041" * 500_000 + b">\nendbfchar")


@hostile
def unicode_map_of_a_million_ranges() -> bytes:
    return _mapped(b"1000000 beginbfrange\n" + b"<0000> <FFFF> <0000>\n" * 300_000 + b"endbfrange")


@hostile
def unicode_map_of_half_characters() -> bytes:
    return _mapped(b"4 beginbfchar\n<61> <D800>\n<62> <DFFFD800>\n<63> <>\n<41> <110000FFFF>\nendbfchar\nusecmap /Self usecmap")


@hostile
def unicode_map_of_nothing_but_noise() -> bytes:
    return _mapped(random.Random(5).randbytes(200_000))


@hostile
def a_glyph_drawn_in_its_own_font() -> bytes:
    body = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 97 /LastChar 98 "
        b"/Widths [1000 1000] /Encoding << /Differences [97 /a /b] >> /CharProcs << /a 7 0 R /b 7 0 R >> "
        b"/Resources << /Font << /F2 6 0 R >> >> >>"
    )
    return _font(body, {7: stream(b"1000 0 d0 BT /F2 1000 Tf (aaaabbbb) Tj ET")})


@hostile
def widths_for_two_billion_letters() -> bytes:
    return _font(b"<< /Type /Font /Subtype /TrueType /BaseFont /X /FirstChar -2147483648 /LastChar 2147483647 /Widths [1 2 3] >>", {})


@hostile
def a_font_file_of_noise() -> bytes:
    own = {
        7: b"<< /Type /FontDescriptor /FontName /X /Flags 4 /FontFile2 8 0 R /FontFile 8 0 R /FontFile3 8 0 R >>",
        8: flate(b"\x00\x01\x00\x00\x00\x09" + random.Random(6).randbytes(300_000)),
    }
    return _font(b"<< /Type /Font /Subtype /TrueType /BaseFont /X /FontDescriptor 7 0 R >>", own)


@hostile
def a_composite_font_that_descends_from_itself() -> bytes:
    mapping = flate(b"/CMapName /Self def 1 begincidrange <0000> <FFFFFFFF> 0 endcidrange", b"/Type /CMap /UseCMap 7 0 R")
    return _font(b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding 7 0 R /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>", {7: mapping})


# --- pictures and boxes ----------------------------------------------------------------------------------------------------------------


@hostile
def a_picture_of_900_megapixels() -> bytes:
    return _picture(
        b"/Width 30000 /Height 30000 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode", deflated(b"\0", 900_000_000)
    )


@hostile
def a_picture_that_claims_two_billion_pixels_a_side() -> bytes:
    return _picture(b"/Width 2147483647 /Height 2147483647 /BitsPerComponent 16 /ColorSpace /DeviceCMYK", b"\0" * 100)


@hostile
def jbig2_noise() -> bytes:
    data = random.Random(7).randbytes(100_000)
    return _picture(b"/Width 60000 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode", data)


@hostile
def jpeg2000_that_claims_a_lot() -> bytes:
    head = bytes.fromhex(
        "ff4fff51002f0000 0001000000010000 00000000 00000000 00010000 00010000 00000000 00000000 0003 070101 070101 070101"
    )
    entries = b"/Width 65536 /Height 65536 /Filter /JPXDecode"
    return _picture(entries, head + random.Random(8).randbytes(100_000))


@hostile
def fax_noise() -> bytes:
    entries = b"/Width 60000 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode"
    return _picture(entries + b" /DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>", random.Random(9).randbytes(300_000))


@hostile
def jpeg_that_claims_65535_lines() -> bytes:
    head = bytes.fromhex("ffd8ffc0001108ffffffff03012200021101031101")
    return _picture(b"/Width 65535 /Height 65535 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode", head + b"\x55" * 100_000)


@hostile
def a_page_as_large_as_a_country() -> bytes:
    return changed({}, box=b"[-1e9 -1e9 1e9 1e9]", page=b"/UserUnit 1000000")


@hostile
def a_page_without_height() -> bytes:
    return changed({}, box=b"[0 0 595 0]")


@hostile
def a_page_from_right_to_left_and_upside_down() -> bytes:
    return changed({}, box=b"[595 842 0 0]", page=b"/Rotate -1170")


@hostile
def a_page_box_of_words() -> bytes:
    return changed({}, box=b"[nan inf (x) /y null 3 0 R]", page=b"/CropBox [1e400 -1e400 0 0] /Rotate /Left")
