"""Real PDFs, built in the test: from Typst source, from pictures, and by hand where a file must be broken or hostile."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pypdf
import typst
from PIL import Image, ImageDraw
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

PAGE = '#set page(width: 595pt, height: 842pt, margin: 70pt)\n#set text(size: 10pt, font: "New Computer Modern")\n'
FILLER = (
    "The pack is cooled by a water and glycol mixture that flows through plates below the modules. The pump runs whenever the "
    "contactors are closed. Check the level in the expansion tank once a month and after every repair of the circuit."
)


def typst_pdf(folder: Path, source: str, name: str = "manual.pdf", preamble: str = PAGE) -> Path:
    """Compile Typst source to a PDF."""
    path = folder / name
    path.write_bytes(typst.compile((preamble + source).encode()))
    return path


def encrypted_pdf(folder: Path, password: str, name: str = "locked.pdf") -> Path:
    """A PDF that needs `password` ("" opens without one)."""
    writer = pypdf.PdfWriter(clone_from=typst_pdf(folder, "= Locked\n" + FILLER, "plain.pdf"))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    path = folder / name
    with path.open("wb") as stream:
        writer.write(stream)
    return path


def scanned_pdf(folder: Path, name: str = "scan.pdf") -> Path:
    """One page that is a picture of text."""
    image = Image.new("L", (850, 1100), 255)
    ImageDraw.Draw(image).text((80, 80), "Torque the terminal screws to 7 Nm", fill=0)
    path = folder / name
    image.save(path, "PDF", resolution=100)
    return path


def content_pdf(folder: Path, content: str, name: str = "hand.pdf", compressed: bytes | None = None, rotate: int = 0) -> Path:
    """One page with the given content stream; F1 is Helvetica. `compressed` replaces the stream's bytes (Flate)."""
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(595, 842)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
    stream = DecodedStreamObject()
    stream.set_data(content.encode("latin-1"))
    if compressed is not None:
        stream.set_data(compressed)
        stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    page[NameObject("/Contents")] = writer._add_object(stream)
    if rotate:
        page[NameObject("/Rotate")] = NumberObject(rotate)
    path = folder / name
    with path.open("wb") as output:
        writer.write(output)
    return path


def bomb_pdf(folder: Path, unpacked_bytes: int, name: str = "bomb.pdf") -> Path:
    """A page whose short stream unpacks to text operators of the given size."""
    unit = b"BT /F1 9 Tf 72 700 Td (boom) Tj ET\n"
    packer, packed = zlib.compressobj(9), io.BytesIO()
    block = unit * 30_000
    for _ in range(unpacked_bytes // len(block)):
        packed.write(packer.compress(block))
    packed.write(packer.flush())
    return content_pdf(folder, "", name, compressed=packed.getvalue())


def labelled_pdf(folder: Path, source: str, prefix: str, name: str = "labelled.pdf") -> Path:
    """A PDF that declares page labels `prefix`1, `prefix`2, ..."""
    writer = pypdf.PdfWriter(clone_from=typst_pdf(folder, source, "unlabelled.pdf"))
    label = DictionaryObject({NameObject("/S"): NameObject("/D"), NameObject("/P"): TextStringObject(prefix)})
    writer.root_object[NameObject("/PageLabels")] = DictionaryObject({NameObject("/Nums"): ArrayObject([NumberObject(0), label])})
    path = folder / name
    with path.open("wb") as stream:
        writer.write(stream)
    return path
