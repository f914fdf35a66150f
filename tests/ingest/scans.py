"""Scans: pages of real type turned into pictures, and PDFs of these."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pypdfium2
import pytest
from pdfs import typst_pdf
from PIL import Image

from ingest.tesseract import find_ocr
from service.core.settings import Settings

DPI = 200
OCR = find_ocr(Settings())
needs_tesseract = pytest.mark.skipif(not OCR.version, reason="Tesseract (or pytesseract) is not installed")


def needs_language(*models: str) -> pytest.MarkDecorator:
    """Skips where Tesseract lacks one of these languages."""
    absent = [model for model in models if model not in OCR.languages]
    return pytest.mark.skipif(bool(absent), reason=f"Tesseract has no {', '.join(absent)} here")


def pictures(path: Path) -> list[Image.Image]:
    """The pages as greyscale pictures."""
    document = pypdfium2.PdfDocument(path)
    try:
        return [page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L") for page in document]
    finally:
        document.close()


def scan(folder: Path, source: str, name: str = "scan.pdf", turn: int = 0, skew: float = 0.0) -> Path:
    """Typst source as a scan, its pages turned anticlockwise by `turn` (a multiple of 90) and `skew` degrees."""
    pages = [
        page.rotate(skew, fillcolor=255, resample=Image.Resampling.BICUBIC) for page in pictures(typst_pdf(folder, source, "typed.pdf"))
    ]
    pages = [page.rotate(turn, expand=True) for page in pages]
    path = folder / name
    pages[0].save(path, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
    return path


def joined(folder: Path, *parts: Path, name: str = "mixed.pdf") -> Path:
    """Files one after the other."""
    writer = pypdf.PdfWriter()
    for part in parts:
        writer.append(part)
    path = folder / name
    with path.open("wb") as stream:
        writer.write(stream)
    return path


def without_tesseract(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """From here on there is no Tesseract on the PATH."""
    (folder / "bin").mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(folder / "bin"))
