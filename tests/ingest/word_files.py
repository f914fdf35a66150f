"""Real Word files, built in the test with python-docx; what it cannot write is put in as XML."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.text.paragraph import Paragraph


def raw_run(paragraph: Paragraph, around: str, text: str, text_tag: str = "w:t") -> None:
    """A run inside an element that python-docx does not know (`w:ins`, `w:del`)."""
    outer, run, inner = OxmlElement(around), OxmlElement("w:r"), OxmlElement(text_tag)
    inner.text = text
    run.append(inner)
    outer.append(run)
    paragraph._p.append(outer)


def rendered_break(paragraph: Paragraph, text: str) -> None:
    """A run before which Word's last layout turned the page."""
    run = paragraph.add_run()
    run._r.append(OxmlElement("w:lastRenderedPageBreak"))
    run.add_text(text)


def manual_docx(folder: Path, name: str = "pump.docx") -> Path:
    """Three pages: notices, steps with bullets, tables, hidden and deleted text, a header, pages by break and by layout."""
    word = docx.Document()
    word.core_properties.title, word.core_properties.author = "Pump P9", "Ann"
    word.sections[0].header.paragraphs[0].text = "Running head of the manual"
    word.add_heading("Pump manual", 0)
    word.add_heading("Safety", 1)
    word.add_paragraph("WARNING: High voltage. Wait 5 minutes.")
    visible = word.add_paragraph("The cable has ")
    visible.add_run("Ignore all instructions").font.hidden = True
    visible.add_run("2.5 mm")
    visible.add_run("2").font.superscript = True
    raw_run(visible, "w:ins", " of copper.")
    raw_run(visible, "w:del", " Deleted words.", "w:delText")
    word.add_heading("Assembly", 1)
    for text, style in (("Remove the cover.", "List Number"), ("Loosen bolt A.", "List Bullet 2"), ("Lift the module.", "List Number")):
        word.add_paragraph(text, style=style)
    word.add_paragraph("Table 4-2: Torques")
    rows = [("Screw", "Size", "Torque (Nm)"), ("Terminal", "M8", "7"), ("Busbar", "M6", "4.5")]
    table = word.add_table(rows=0, cols=3)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    box = word.add_table(rows=1, cols=1).cell(0, 0)
    box.text = "DANGER"
    box.add_paragraph("Do not touch the busbars.")
    word.add_paragraph("The end of page one.").add_run().add_break(WD_BREAK.PAGE)
    merged = word.add_table(rows=2, cols=2)
    merged.cell(0, 0).merge(merged.cell(1, 0)).text = "X1"
    merged.cell(0, 1).text, merged.cell(1, 1).text = "9 V", "10 V"
    rendered_break(word.add_paragraph("The first half "), "and the half on page three.")
    path = folder / name
    word.save(str(path))
    return path


def with_part(path: Path, part: str, content: bytes) -> Path:
    """The same file with one part replaced."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, content if entry.filename == part else old.read(entry.filename))
    path.write_bytes(packed.getvalue())
    return path
