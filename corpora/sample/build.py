#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rebuild the sample corpus: src/*.typ -> *.pdf beside this file.

The output is the same byte for byte on every run: fixed timestamp, only the
fonts embedded in Typst, a seeded "scan". Use --check to compare with the
committed files instead of writing them.
"""

from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path

import pypdfium2 as pdfium
import typst
from PIL import Image, ImageChops, ImageFilter
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject, DictionaryObject, NameObject, NumberObject, StreamObject

HERE = Path(__file__).resolve().parent
SRC = HERE / "src"
STAMP = 1767225600  # 2026-01-01T00:00:00Z, the same for every build

# source stem -> output name
DOCUMENTS = {
    "service-manual": "tarn19-hvb-service-manual.pdf",
    "emergency-guide": "tarn19-emergency-response-guide.pdf",
    "fault-codes": "tarn19-bms-fault-codes.pdf",
    "datasheet": "rc117p-cell-module-datasheet.pdf",
    "charger": "depotpost-dc-charger-installation.pdf",
    "bulletin": "service-bulletin-sb-26-07.pdf",
}


def query(source: Path, label: str) -> list[dict]:
    """Values and physical pages of the metadata marks named `label`."""
    found = typst.query(str(source), f"<{label}>", ignore_system_fonts=True)
    return json.loads(found)


def scan_image(pdf: bytes, index: int) -> tuple[bytes, tuple[int, int]]:
    """A grey, slightly turned and noisy JPEG of one page, like an office scanner's."""
    page = pdfium.PdfDocument(pdf)[index]
    picture = page.render(scale=110 / 72, grayscale=True).to_pil().convert("L")
    picture = picture.rotate(0.7, resample=Image.Resampling.BICUBIC, fillcolor=250)
    picture = picture.filter(ImageFilter.GaussianBlur(0.45))
    rng = random.Random(1907)
    noise = Image.frombytes("L", picture.size, bytes(rng.choices(range(0, 26), k=picture.width * picture.height)))
    picture = ImageChops.subtract(picture, noise)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=40, optimize=True)
    return out.getvalue(), picture.size


def make_scanned(writer: PdfWriter, index: int, jpeg: bytes, size: tuple[int, int]) -> None:
    """Replace everything on a page by one picture, so that it has no text layer."""
    page = writer.pages[index]
    image = StreamObject()
    image._data = jpeg
    image.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(size[0]),
            NameObject("/Height"): NumberObject(size[1]),
            NameObject("/ColorSpace"): NameObject("/DeviceGray"),
            NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Filter"): NameObject("/DCTDecode"),
        }
    )
    content = StreamObject()
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    content._data = f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /Scan Do Q".encode()
    page[NameObject("/Contents")] = writer._add_object(content)
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/Scan"): writer._add_object(image)})}
    )
    for key in ("/Annots", "/StructParents", "/Group", "/Tabs"):
        if key in page:
            del page[key]


def build(stem: str) -> bytes:
    source = SRC / f"{stem}.typ"
    raw = typst.compile(str(source), format="pdf", ignore_system_fonts=True, timestamp=STAMP)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(raw)))

    # Printed page labels. Typst writes labels only for plain patterns, so the
    # sources mark where a run of labels starts and they are written here.
    marks = page_marks(source)
    last = len(writer.pages) - 1
    for at, (start, prefix, style) in enumerate(marks["labels"]):
        stop = marks["labels"][at + 1][0] - 1 if at + 1 < len(marks["labels"]) else last
        writer.set_page_label(start, stop, style=style, prefix=prefix or None, start=1)

    for index in marks["scans"]:
        make_scanned(writer, index, *scan_image(raw, index))

    # The tag tree would describe the text of the pages that are now pictures.
    for key in ("/StructTreeRoot", "/MarkInfo"):
        if key in writer.root_object:
            del writer.root_object[key]
    for page in writer.pages:
        if "/StructParents" in page:
            del page["/StructParents"]
    writer.metadata = {**(writer.metadata or {}), "/Producer": "evdocs sample corpus"}
    writer.compress_identical_objects(remove_unreferenced=True)
    ident = ByteStringObject(stem.encode().ljust(16, b"."))
    writer._ID = ArrayObject([ident, ident])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def page_marks(source: Path) -> dict:
    """Physical start page, prefix and style of each run of labels; scanned pages."""
    labels = [(m["page"] - 1, m["prefix"], m["style"]) for m in marks_of(source, "pl")]
    scans = [m["page"] - 1 for m in marks_of(source, "scan")]
    return {"labels": labels, "scans": scans}


def marks_of(source: Path, label: str) -> list[dict]:
    return [entry["value"] for entry in query(source, label + "-at")]


def main(argv: list[str]) -> int:
    check = "--check" in argv
    bad = 0
    for stem, name in DOCUMENTS.items():
        if not (SRC / f"{stem}.typ").exists():
            continue
        data = build(stem)
        target = HERE / name
        if check:
            same = target.exists() and target.read_bytes() == data
            bad += not same
            print(f"{'same   ' if same else 'DIFFERS'} {name}")
        else:
            target.write_bytes(data)
            print(f"{name}: {len(PdfReader(io.BytesIO(data)).pages)} pages, {len(data) // 1024} KiB")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
