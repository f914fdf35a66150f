"""Text that nobody can see, in the ways it is smuggled into files, and honest text that is nearly like it.

Hidden strings are made of words that stand nowhere else, so that a single one of them in a block gives them away. Most are set by Typst;
render mode 3 and clipping are written into the finished file, since Typst has no way to say them.
"""

from __future__ import annotations

import io
import struct
import zlib
from random import Random
from typing import cast

import pypdf
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from eval.layout.manual import Manual, typeset

TYPESET = ("white", "same colour", "tiny", "off page", "under image", "under box", "transparent", "nearly white", "beside page", "clipped")
OVERLAYS = ("mode 3", "clip mode", "mode 3 behind text")
NEAR_MISSES = (
    "white on dark",
    "on picture",
    "small",
    "grey",
    "highlighted",
    "white on picture",
    "outlined",
    "on tint",
    "coloured",
    "at edge",
)


def nonsense(rng: Random, n: int) -> str:
    """Words that no manual has."""
    return " ".join(
        "".join(rng.choice("bdfgklmprtvz") + rng.choice("aeiou") for _ in range(3)) + f"x{rng.randint(100, 999)}" for _ in range(n)
    )


def put_hidden(manual: Manual, form: str) -> None:
    """A hidden string at the place reached."""
    text = nonsense(manual.rng, manual.rng.randint(5, 9))
    number = manual.hide(text)
    manual.traits.add(f"hidden {form}")

    def words(colour: str = "black") -> str:
        return manual.again(number, typeset(text), colour)

    grey = _image((214, 220, 226), 34)
    manual.put(
        {
            "white": f"#block[{words('white')}]",
            "nearly white": f"#block[{words('luma(252)')}]",
            "same colour": f'#block(fill: rgb("#1a4c8b"), inset: 5pt, width: 100%)[{words(_rgb("#1a4c8b"))}]',
            "tiny": f"#block[#set text(size: {manual.rng.choice((0.4, 0.8, 1.2))}pt);{words()}]",
            "off page": f"#place(dx: -{manual.rng.randint(900, 1500)}pt)[#box(width: 300pt)[{words()}]]",
            "beside page": f"#place(top + left, dx: 40pt, dy: -{manual.rng.randint(300, 600)}pt)[#box(width: 300pt)[{words()}]]",
            "under image": f"#block(breakable: false)[{words()}{_top(grey)}#v(12pt)]",
            "under box": f"#block(breakable: false)[{words()}{_top(_rect(_rgb('#e8eef5')))}#v(12pt)]",
            "transparent": f"#block[{words('rgb(0, 0, 0, 0)')}]",
            "clipped": f"#box(width: 60pt, height: 8pt, clip: true)[#place(dx: 90pt)[#box(width: 300pt)[{words()}]]]",
        }[form]
        + "\n"
    )


def put_near_miss(manual: Manual, form: str) -> None:
    """A visible paragraph that looks like a hidden one to a careless reader."""
    number = manual.label("paragraph", near_miss=True)
    text = typeset(manual.voice.text(2))
    manual.traits.add(f"near miss {form}")

    def words(colour: str = "black") -> str:
        return manual.again(number, text, colour)

    light, dark = _image((226, 232, 238), 44), _image((40, 52, 70), 60)
    manual.put(
        {
            "white on dark": f'#block(fill: rgb("#1d2b3a"), inset: 6pt, width: 100%)[{words("white")}]',
            "on picture": f"#block(breakable: false)[{_top(light)}{words()}#v(14pt)]",
            "small": f"#block[#set text(size: 5pt);{words()}]",
            "grey": f"#block[{words('luma(140)')}]",
            "highlighted": f"#block(breakable: false)[{words()}{_top(_rect('rgb(255, 235, 0, 90)', 30))}#v(6pt)]",
            "white on picture": f"#block(breakable: false)[{_top(dark)}#pad(6pt)[{words('white')}]#v(16pt)]",
            "outlined": f"#block[#set text(stroke: 0.25pt + black);{words()}]",
            "on tint": f'#block(fill: rgb("#fdf3d0"), inset: 6pt, width: 100%)[{words(_rgb("#5b4a00"))}]',
            "coloured": f"#block[{words(_rgb('#c8102e'))}]",
            "at edge": f"#place(bottom + left, dy: {manual.look.margin * 0.35:.0f}pt)[#box(width: 100%)[#set text(size: 7pt);{words()}]]",
        }[form]
        + "\n"
    )


def _rgb(colour: str) -> str:
    return f'rgb("{colour}")'


def _top(content: str) -> str:
    return f"#place(top + left)[{content}]"


def _image(colour: tuple[int, int, int], height: int) -> str:
    return f'#image({png(colour)}, width: 100%, height: {height}pt, fit: "stretch")'


def _rect(fill: str, height: int = 34) -> str:
    return f"#rect(width: 100%, height: {height}pt, fill: {fill})"


def png(colour: tuple[int, int, int]) -> str:
    """Typst bytes of a small picture with some grain."""
    rng = Random(sum(colour))
    side = 12
    rows = b"".join(
        b"\x00" + bytes(min(255, max(0, part + rng.randint(-6, 6))) for _ in range(side) for part in colour) for _ in range(side)
    )

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return f"bytes(({', '.join(map(str, content))}))"


def overlay(content: bytes, form: str, text: str, page: int) -> bytes:
    """The file with a hidden string written onto a page (1-based)."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    target = writer.pages[page - 1]
    height = float(target.mediabox.height)
    half = len(text.split()) // 2
    lines = [" ".join(text.split()[:half]), " ".join(text.split()[half:])]
    mode, y = {"mode 3": (3, 0.31), "clip mode": (7, 0.22), "mode 3 behind text": (3, 0.55)}[form]
    moves = "".join(f"1 0 0 1 70 {height * y - 13 * index:.1f} Tm ({line}) Tj " for index, line in enumerate(lines))
    stream = DecodedStreamObject()
    stream.set_data(f"q BT /FHidden 10 Tf {mode} Tr {moves} ET Q\n".encode("latin-1"))
    _add_font(target)
    contents = target.get_contents()
    joined = DecodedStreamObject()
    old = contents.get_data() if contents is not None else b""
    joined.set_data(stream.get_data() + old if "behind" in form else b"q\n" + old + b"\nQ\n" + stream.get_data())
    target[NameObject("/Contents")] = writer._add_object(joined.flate_encode())
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _add_font(page: pypdf.PageObject) -> None:
    resources = cast(DictionaryObject, page["/Resources"].get_object())
    fonts = DictionaryObject(cast(DictionaryObject, resources["/Font"].get_object()) if "/Font" in resources else {})
    fonts[NameObject("/FHidden")] = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    resources[NameObject("/Font")] = fonts
