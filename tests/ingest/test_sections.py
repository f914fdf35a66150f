"""The section path: from the outline, the contents, numbers and type; what is no heading; contents and indexes kept out."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pytest
from pdfs import FILLER, typst_pdf

from ingest.parsed import Parsed
from ingest.pdf.headings import Number, number_of
from ingest.pdf.read import parse_pdf

NO_OUTLINE = "#set heading(outlined: false, bookmarked: false)\n"
UNMARKED = "#set heading(bookmarked: false)\n"
NUMBERED = '#set heading(numbering: "1.1")\n'
BREAK = "\n#pagebreak()\n"
Paths = dict[str, tuple[str, ...]]


def _text(name: str) -> str:
    return f"\n{name} comes first. {FILLER}\n\n"


BOOK = (
    f"= Safety{_text('Ape')}== Gloves{_text('Ant')}=== Class zero{_text('Asp')}= Assembly{_text('Bee')}== Power terminals{_text('Bat')}"
    f"=== Torque{_text('Boa')}== Covers{_text('Bug')}"
)
NUMBERED_PATHS: Paths = {
    "Ape": ("1 Safety",),
    "Asp": ("1 Safety", "1.1 Gloves", "1.1.1 Class zero"),
    "Bee": ("2 Assembly",),
    "Boa": ("2 Assembly", "2.1 Power terminals", "2.1.1 Torque"),
    "Bug": ("2 Assembly", "2.2 Covers"),
}
PLAIN_PATHS: Paths = {
    "Ape": ("Safety",),
    "Asp": ("Safety", "Gloves", "Class zero"),
    "Bee": ("Assembly",),
    "Boa": ("Assembly", "Power terminals", "Torque"),
    "Bug": ("Assembly", "Covers"),
}
TITLE = "#align(center)[#text(24pt)[*Tarn pack manual*]\n\n#text(14pt)[Edition two]\n\n#text(11pt)[Fell Works]]\n"
LONG = "How the power terminals of the rear pack are cleaned, greased and sealed after a flood of the battery compartment"


def _apart(number: str, size: int, title: str) -> str:
    return f"#text({size}pt)[*{number}*]\n\n#text(20pt)[*{title}*]\n\n"


def _bold(text: str, size: float = 10) -> str:
    return f"\n#text({size}pt)[*{text}*]\n\n"


FORMS: dict[str, tuple[str, Paths]] = {
    "numbers and sizes": (NO_OUTLINE + NUMBERED + BOOK, NUMBERED_PATHS),
    "numbers over one size": (NO_OUTLINE + NUMBERED + "#show heading: set text(size: 10pt)\n" + BOOK, NUMBERED_PATHS),
    "numbers alone": (NO_OUTLINE + NUMBERED + '#show heading: set text(size: 10pt, weight: "regular")\n' + BOOK, NUMBERED_PATHS),
    "sizes alone": (NO_OUTLINE + BOOK, PLAIN_PATHS),
    "a bookmarked book": (NUMBERED + BOOK, NUMBERED_PATHS),
    "a title above the chapters": (NO_OUTLINE + TITLE + _text("Cow") + BOOK, {**PLAIN_PATHS, "Cow": ()}),
    "a cover": (NO_OUTLINE + TITLE + BREAK + NUMBERED + BOOK, NUMBERED_PATHS),
    "a title that is the parent of all bookmarks": (
        f"= Tarn pack manual{_text('Cow')}== Safety{_text('Ape')}=== Gloves{_text('Ant')}== Assembly{_text('Bee')}",
        {"Ape": ("Safety",), "Ant": ("Safety", "Gloves"), "Bee": ("Assembly",)},
    ),
    "capitals over small letters": (
        f"{_bold('SAFETY RULES')}{_text('Ape')}{_bold('Gloves and tools')}{_text('Ant')}{_bold('ASSEMBLY WORK')}{_text('Bee')}"
        f"{_bold('Power terminals')}{_text('Bat')}",
        {"Ape": ("SAFETY RULES",), "Ant": ("SAFETY RULES", "Gloves and tools"), "Bat": ("ASSEMBLY WORK", "Power terminals")},
    ),
    "capitals set like the body": (
        f"SAFETY RULES\n\n{_text('Ape')}ASSEMBLY WORK\n\n{_text('Bee')}",
        {"Ape": ("SAFETY RULES",), "Bee": ("ASSEMBLY WORK",)},
    ),
    "a heading of two lines": (
        f"{NO_OUTLINE}{NUMBERED}= {LONG}{_text('Ape')}== Gloves{_text('Ant')}",
        {"Ape": ("1 " + LONG,), "Ant": ("1 " + LONG, "1.1 Gloves")},
    ),
    "the chapter's number on a line of its own": (
        f"{_apart('1', 30, 'Safety')}{_text('Ape')}{_bold('1.1 Gloves', 14)}{_text('Ant')}{BREAK}"
        f"{_apart('2', 30, 'Assembly')}{_text('Bee')}",
        {"Ape": ("1 Safety",), "Ant": ("1 Safety", "1.1 Gloves"), "Bee": ("2 Assembly",)},
    ),
    "the word chapter on a line of its own": (
        f"{_apart('Chapter 1', 14, 'Safety')}{_text('Ape')}{BREAK}{_apart('Chapter 2', 14, 'Assembly')}{_text('Bee')}",
        {"Ape": ("Chapter 1 Safety",), "Bee": ("Chapter 2 Assembly",)},
    ),
    "numbers set far from their titles": (
        f"{_bold('4#h(40pt)Assembly', 16)}{_text('Ape')}{_bold('4.1#h(40pt)Lid', 12)}{_text('Ant')}"
        f"{_bold('5#h(40pt)Storage', 16)}{_text('Bee')}",
        {"Ape": ("4 Assembly",), "Ant": ("4 Assembly", "4.1 Lid"), "Bee": ("5 Storage",)},
    ),
    "lettered appendices": (
        f"{NO_OUTLINE}{NUMBERED}= Safety{_text('Ape')}#counter(heading).update(0)\n"
        f'#set heading(numbering: "A.1")\n= Fault list{_text("Bee")}'
        f"== Charger{_text('Bat')}",
        {"Ape": ("1 Safety",), "Bee": ("A Fault list",), "Bat": ("A Fault list", "A.1 Charger")},
    ),
    "headings inside of columns": (
        f"{NO_OUTLINE}{NUMBERED}#columns(2)[= Safety{_text('Ape')}== Gloves{_text('Ant')}#colbreak()\n= Assembly{_text('Bee')}]",
        {"Ant": ("1 Safety", "1.1 Gloves"), "Bee": ("2 Assembly",)},
    ),
    "a heading printed again over the next page": (
        f"{NO_OUTLINE}{NUMBERED}= Safety{_text('Ape')}== Gloves{_text('Ant')}{BREAK}{_bold('Safety (continued)', 12)}{_text('Asp')}",
        {"Ant": ("1 Safety", "1.1 Gloves"), "Asp": ("1 Safety", "1.1 Gloves")},
    ),
    "bold steps between chapters": (
        f"{NO_OUTLINE}{NUMBERED}= Shut down{_text('Ape')}{_bold('1. Turn the pump off and lock it.')}{_text('Ant')}"
        f"{_bold('2. Turn the fan off and lock it.')}{_text('Asp')}= Storage{_text('Bee')}",
        {"Ant": ("1 Shut down",), "Asp": ("1 Shut down",), "2. Turn": ("1 Shut down",), "Bee": ("2 Storage",)},
    ),
    "bold numbers in table cells": (
        f"{NO_OUTLINE}{NUMBERED}= Values{_text('Ape')}#table(columns: 2, [*4.1 Screw*], [*Torque*], [Lid], [5 Nm])\n{_text('Ant')}",
        {"Ant": ("1 Values",)},
    ),
    "a bold beginning of a paragraph": (
        f"{NO_OUTLINE}= Safety\n*Ape comes first.* {FILLER}\n\n*Ant is next.* {FILLER}\n\n= Storage{_text('Bee')}",
        {"Ape": ("Safety",), "Ant": ("Safety",), "Bee": ("Storage",)},
    ),
}


def _path(parsed: Parsed, start: str) -> tuple[str, ...]:
    return next(block.section for block in parsed.blocks if block.text.startswith(start))


@pytest.mark.parametrize("name", FORMS)
def test_every_block_knows_its_path(name: str, tmp_path: Path) -> None:
    source, paths = FORMS[name]
    parsed = parse_pdf(typst_pdf(tmp_path, source), "d", 20)
    assert {start: _path(parsed, start) for start in paths} == paths


def _with_outline(folder: Path, source: str, entries: list[tuple[str, int, int]]) -> Parsed:
    """`entries`: title, page, level."""
    writer = pypdf.PdfWriter(clone_from=typst_pdf(folder, source, "plain.pdf"))
    parents: dict[int, object] = {}
    for title, page, level in entries:
        parents[level] = writer.add_outline_item(title=title, page_number=page - 1, parent=parents.get(level - 1))  # type: ignore[arg-type]
    path = folder / "outlined.pdf"
    with path.open("wb") as stream:
        writer.write(stream)
    return parse_pdf(path, "d", 20)


def test_bookmarks_without_numbers_take_the_printed_ones(tmp_path: Path) -> None:
    entries = [("Safety", 1, 0), ("Gloves", 1, 1), ("Class zero", 1, 2), ("Assembly", 1, 0), ("Power terminals", 1, 1), ("Torque", 1, 2)]
    parsed = _with_outline(tmp_path, NO_OUTLINE + NUMBERED + BOOK, entries)
    assert {start: _path(parsed, start) for start in NUMBERED_PATHS} == NUMBERED_PATHS


def test_bookmarks_of_chapters_only_are_completed_from_numbers(tmp_path: Path) -> None:
    parsed = _with_outline(tmp_path, NO_OUTLINE + NUMBERED + BOOK, [("1 Safety", 1, 0), ("2 Assembly", 1, 0)])
    assert {start: _path(parsed, start) for start in NUMBERED_PATHS} == NUMBERED_PATHS


def test_bookmarks_that_name_nothing_in_the_text_are_not_believed(tmp_path: Path) -> None:
    parsed = _with_outline(tmp_path, NO_OUTLINE + NUMBERED + BOOK, [("Page 1", 1, 0), ("Slide two", 1, 1), ("Untitled", 1, 0)])
    assert {start: _path(parsed, start) for start in NUMBERED_PATHS} == NUMBERED_PATHS


def test_a_bookmarked_heading_that_is_glued_to_its_text_is_cut_out(tmp_path: Path) -> None:
    glued = f"Gloves and tools\\\n{FILLER}\n\n"
    source = f"{NO_OUTLINE}= Safety{_text('Ape')}{glued}= Storage{_text('Bee')}"
    parsed = _with_outline(tmp_path, source, [("Safety", 1, 0), ("Gloves and tools", 1, 1), ("Storage", 1, 0)])
    assert [block.text for block in parsed.blocks if block.kind == "heading"] == ["Safety", "Gloves and tools", "Storage"]
    assert _path(parsed, FILLER[:20]) == ("Safety", "Gloves and tools")


def test_numbers_missing_from_the_text_come_from_the_contents(tmp_path: Path) -> None:
    contents = "Contents\n\n" + "".join(
        f"{line} #box(width: 1fr, repeat[.]) {page}\n\n" for line, page in (("1 Safety", 2), ("1.1 Gloves", 2), ("2 Assembly", 3))
    )
    body = f"{_bold('1 Safety', 16)}{_text('Ape')}{_bold('Gloves', 12)}{_text('Ant')}{BREAK}{_bold('2 Assembly', 16)}{_text('Bee')}"
    parsed = parse_pdf(typst_pdf(tmp_path, contents + BREAK + body), "d", 20)
    assert _path(parsed, "Ant") == ("1 Safety", "1.1 Gloves")
    assert next(block.text for block in parsed.blocks if "Gloves" in block.text) == "Gloves"


CHAPTERS = BREAK.join(
    f"= Chapter on the {part}{_text('Ape ' + part)}== Work on the {part}{_text('Ant ' + part)}" for part in ("pump", "hose", "tank", "lid")
)
FOLIO = '#set page(numbering: "1")\n'


@pytest.mark.parametrize(
    "contents",
    [
        "#outline()\n",
        "#set outline.entry(fill: none)\n#outline()\n",
        "#columns(2)[#outline()]\n",
        "#outline(title: none)\n",
        '#set text(lang: "de")\n#outline()\n',
    ],
    ids=["dots", "no dots", "two columns", "no title", "German"],
)
def test_only_the_contents_of_a_page_are_left_out(contents: str, tmp_path: Path) -> None:
    source = FOLIO + UNMARKED + NUMBERED + contents + f"\nThe preface stands below. {FILLER}" + BREAK + CHAPTERS
    parsed = parse_pdf(typst_pdf(tmp_path, source), "d", 20)
    first = [block.text for block in parsed.blocks if block.page == 1]
    assert len(first) == 1
    assert first[0].startswith("The preface stands below")
    assert any("contents or index left out: page 1" in warning for warning in parsed.warnings)
    assert _path(parsed, "Ant tank") == ("3 Chapter on the tank", "3.1 Work on the tank")


def test_contents_over_several_pages_and_lists_of_figures_are_left_out(tmp_path: Path) -> None:
    figures = "".join(f"#figure(rect(width: 90pt, height: 50pt), caption: [View of part {n}])\n{FILLER}\n" for n in range(6))
    chapters = "\n".join(f"= Chapter number {n} of the book\n== Work that belongs to it {n}\n{FILLER}" for n in range(50))
    source = f"{FOLIO}{UNMARKED}#outline()\n#outline(title: [List of Figures], target: figure){BREAK}{chapters}\n{figures}"
    parsed = parse_pdf(typst_pdf(tmp_path, source), "d", 60)
    (warning,) = [warning for warning in parsed.warnings if "contents" in warning]
    assert warning.endswith("page 1, 2, 3")
    assert min(block.page for block in parsed.blocks) == 4
    assert len([block for block in parsed.blocks if block.kind == "figure"]) == 6


def test_a_back_of_book_index_is_left_out(tmp_path: Path) -> None:
    words = ("bolt", "cable", "clamp", "contactor", "cover", "hose", "lid", "plate", "pump", "seal", "shield", "tank", "terminal", "valve")
    index = "\n\n".join(f"{word}, {n}, {n + 4}--{n + 6}" for n, word in enumerate(words, 3))
    parsed = parse_pdf(typst_pdf(tmp_path, f"= Safety{_text('Ape')}{BREAK}#columns(2)[*Index*\n\n{index}]"), "d", 9)
    assert {block.page for block in parsed.blocks} == {1}


@pytest.mark.parametrize(
    "rows",
    [
        [("Max. voltage", "450 V"), ("Cells in series", "108"), ("Modules", "12"), ("Max. current", "300 A"), ("Weight", "412 kg")],
        [("Strings", "1"), ("Fuses", "2"), ("Modules", "12"), ("Sensors", "24"), ("Cells in series", "108")],
    ],
    ids=["values with units", "counts that rise"],
)
def test_a_list_of_values_behind_dots_is_no_contents(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    values = "\n\n".join(f"{name} #box(width: 1fr, repeat[.]) {value}" for name, value in rows)
    parsed = parse_pdf(typst_pdf(tmp_path, f"= Values{_text('Ape')}{values}\n\n{_text('Bee')}"), "d", 9)
    text = " ".join(block.text for block in parsed.blocks)
    assert all(name in text for name, _ in rows)
    assert not parsed.warnings


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("4 Assembly", ("4",)),
        ("4.2 Power terminals", ("4", "2")),
        ("Chapter 3 Safety", ("3",)),
        ("Anhang B Fehlerliste", ("B",)),
        ("A.1 Charger", ("A", "1")),
        ("第4章 装配", ("4",)),
        ("第十二章 维护", ("12",)),
        ("4.2 电源端子", ("4", "2")),
        ("4.2电源端子", ("4", "2")),
        ("10.11Brake settings", ("10", "11")),
        ("3.3V supply", None),
        ("A pack is heavy", None),
        ("2019 revision", None),
        ("Assembly", None),
    ],
)
def test_numbers_of_headings_are_read_in_three_languages(text: str, parts: tuple[str, ...] | None) -> None:
    number = number_of(text)
    assert (number.parts if number else None) == parts


@pytest.mark.parametrize(
    ("before", "after", "follows"),
    [
        ("2.1", "2.2", True),
        ("2.1.3", "2.2", True),
        ("2.1.3", "3", True),
        ("2", "2.1", True),
        ("2.1", "2.3", False),
        ("2.1", "1", False),
        ("A", "B", True),
    ],
)
def test_a_number_follows_only_its_predecessor(before: str, after: str, follows: bool) -> None:
    assert Number(tuple(after.split("."))).follows(Number(tuple(before.split(".")))) is follows
