"""PDFs set by hand, without Typst: a canvas with Helvetica and Chinese letters, for what Typst cannot or would not do.

In: pieces of text at places, each with a label; lines and grounds. Out: PDF bytes, marked (colours spell labels) or plain. Fonts are the
standard ones every reader has and are not embedded, as in many files of office programs.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pypdf
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from eval.layout.words import colour_of

_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
    "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
    "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_FIRST_CHINESE = "\u2e80"
WIDTHS = dict(zip(map(chr, range(32, 127)), map(int, _WIDTHS.split()), strict=True))
"""Helvetica, in thousandths of the size (Adobe's metrics of the standard fonts); other letters count 556."""


def width(text: str, size: float, bold: bool = False) -> float:
    """Points. Bold is a little wider; Chinese letters are square, and the letters between them half as wide."""
    if is_chinese(text):
        return sum(1000 if char > _FIRST_CHINESE else 500 for char in text) * size / 1000
    return sum(WIDTHS.get(char, 556) * (1.06 if bold else 1.0) for char in text) * size / 1000


def is_chinese(text: str) -> bool:
    """Whether the text needs the Chinese font."""
    return any(char > _FIRST_CHINESE for char in text)


@dataclass
class Piece:
    """A run of text. `spacing` in points between characters (Tc); `twice`: drawn again a hair to the right, as programs fake bold type.
    `runs`: characters a run, each shown on its own (0: all in one)."""

    x: float
    y: float
    text: str
    size: float
    label: int
    bold: bool = False
    spacing: float = 0.0
    twice: bool = False
    runs: int = 0


@dataclass
class Canvas:
    """One page; y runs down from the top. `pieces` are drawn in the order of the list."""

    page_width: float = 595
    page_height: float = 842
    pieces: list[Piece] = field(default_factory=list)
    drawing: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, size: float, label: int, **style: object) -> float:
        """One run; its width."""
        self.pieces.append(Piece(x, y, text, size, label, **style))  # type: ignore[arg-type]
        return width(text, size, bool(style.get("bold")))

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.drawing.append(f"0.6 w {x0:.2f} {self.page_height - y0:.2f} m {x1:.2f} {self.page_height - y1:.2f} l S")

    def ground(self, x0: float, y0: float, x1: float, y1: float, grey: float) -> None:
        self.drawing.append(f"q {grey} g {x0:.2f} {self.page_height - y1:.2f} {x1 - x0:.2f} {y1 - y0:.2f} re f Q")

    def frame(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.drawing.append(f"0.8 w {x0:.2f} {self.page_height - y1:.2f} {x1 - x0:.2f} {y1 - y0:.2f} re S")

    def content(self, marked: bool) -> bytes:
        """The content stream."""
        parts = list(self.drawing)
        for piece in self.pieces:
            red, green, blue = (channel / 255 for channel in colour_of(piece.label)) if marked and piece.label >= 0 else (0, 0, 0)
            for shift in (0, 0.35) if piece.twice else (0,):
                place = f"1 0 0 1 {piece.x + shift:.2f} {self.page_height - piece.y:.2f} Tm"
                parts.append(f"BT {red:.4f} {green:.4f} {blue:.4f} rg {piece.spacing} Tc {place} {_shown(piece)} ET")
        return "\n".join(parts).encode("latin-1")


def _shown(piece: Piece) -> str:
    """Font and show operators. A run with a Chinese letter is set in the Chinese font as a whole."""
    if is_chinese(piece.text):
        return f"/F3 {piece.size} Tf <{piece.text.encode('utf-16-be').hex()}> Tj"
    font, text = f"/{'F2' if piece.bold else 'F1'} {piece.size} Tf", piece.text
    step = piece.runs or len(text)
    shown = " ".join(f"<{text[start : start + step].encode('cp1252', 'replace').hex()}>" for start in range(0, len(text), step))
    return f"{font} [{shown}] TJ"


def pdf(pages: list[Canvas], marked: bool) -> bytes:
    """The file."""
    writer = pypdf.PdfWriter()
    fonts = DictionaryObject(
        {NameObject("/F1"): _latin("/Helvetica"), NameObject("/F2"): _latin("/Helvetica-Bold"), NameObject("/F3"): _chinese()}
    )
    for canvas in pages:
        page = writer.add_blank_page(canvas.page_width, canvas.page_height)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(canvas.content(marked))
        page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _latin(name: str) -> DictionaryObject:
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject(name),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )


def _chinese() -> DictionaryObject:
    system = DictionaryObject(
        {
            NameObject("/Registry"): TextStringObject("Adobe"),
            NameObject("/Ordering"): TextStringObject("GB1"),
            NameObject("/Supplement"): NumberObject(2),
        }
    )
    descendant = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/CIDFontType0"),
            NameObject("/BaseFont"): NameObject("/STSong-Light"),
            NameObject("/CIDSystemInfo"): system,
            NameObject("/DW"): NumberObject(1000),
            NameObject("/W"): ArrayObject([NumberObject(1), NumberObject(95), NumberObject(500)]),
        }
    )
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type0"),
            NameObject("/BaseFont"): NameObject("/STSong-Light"),
            NameObject("/Encoding"): NameObject("/UniGB-UCS2-H"),
            NameObject("/DescendantFonts"): ArrayObject([descendant]),
        }
    )
