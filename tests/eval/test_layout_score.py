"""The layout judge: hand-worked pages, and a perfect parser made from the labels themselves."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from rich.console import Console

from eval.layout.cells import align, cell_key, parsed_rows
from eval.layout.command import print_reports
from eval.layout.dev_pages import LabelError, dev_report, load_labels, regions_of
from eval.layout.generate import FAMILIES, compiled, make, names
from eval.layout.hidden import OVERLAYS, overlay
from eval.layout.run import Report, worst_pages
from eval.layout.score import score_document
from eval.layout.tally import Score, figures
from eval.layout.truth import LabelledDocument, LabelledPage, Region, TrueCell, TrueTable, Word, document_from_plain, document_to_plain
from eval.layout.words import MAX_LABELS, colour_of, is_bullet, label_of, page_words
from service.cli import main
from service.core.types import Block, Box, Cell, Line

HEIGHT = 10.0


def document(*texts: str, **first: object) -> LabelledDocument:
    """One page of one-line regions, 20 points apart; "kind text"."""
    words: list[Word] = []
    regions = []
    for order, (kind, _, text) in enumerate(entry.partition(" ") for entry in texts):
        start = len(words)
        words += [Word(word, (10.0 + 40 * i, 20.0 * order, 45.0 + 40 * i, 20.0 * order + HEIGHT)) for i, word in enumerate(text.split())]
        box = (10.0, 20.0 * order, 500.0, 20.0 * order + HEIGHT)
        fields = first if order == 0 else {}
        out = kind in ("furniture", "contents")
        regions.append(
            Region(kind, box, tuple(range(start, len(words))), None if out else order, section=None if out else ("A",), **fields)
        )  # type: ignore[arg-type]
    return LabelledDocument("d.pdf", "Pump manual", (LabelledPage(1, 500, 800, tuple(words), tuple(regions)),))


def block(kind: str, row: int, text: str, n_rows: int = 1, **fields: object) -> Block:
    """A block over lines `row` to `row + n_rows - 1` of such a page."""
    box = (10.0, 20.0 * row, 500.0, 20.0 * (row + n_rows - 1) + HEIGHT)
    values = {"section": ("A",), "lines": (Line(0, len(text), box),)} | fields
    return Block(f"b{row}{text[:4]}", kind, text, 1, box, **values)  # type: ignore[arg-type]


def counts(labelled: LabelledDocument, *blocks: Block) -> dict[str, int]:
    return dict(score_document(labelled, blocks).counts)


# -- kinds, order, sections ----------------------------------------------------------------------------------------------------------
def test_a_block_of_the_right_words_and_kind_is_found() -> None:
    found = counts(document("heading Pump", "paragraph It runs cold"), block("heading", 0, "Pump"), block("paragraph", 1, "It runs cold"))
    assert (found["kind.tp"], found.get("kind.fp", 0), found.get("kind.fn", 0)) == (2, 0, 0)
    assert found["chars.right"] == found["chars"] == 14


def test_the_wrong_kind_is_missed_once_and_wrong_once() -> None:
    found = counts(document("heading Pump"), block("paragraph", 0, "Pump"))
    assert (found.get("kind.tp", 0), found["kind paragraph.fp"], found["kind heading.fn"]) == (0, 1, 1)
    assert found["chars.right"] == 0


def test_two_regions_in_one_block_leave_the_smaller_one_missed() -> None:
    labelled = document("paragraph Drain the cooling circuit first", "paragraph Then wait")
    found = counts(labelled, block("paragraph", 0, "Drain the cooling circuit first Then wait", n_rows=2))
    assert (found["kind.tp"], found["kind.fn"], found.get("kind.fp", 0)) == (1, 1, 0)


def test_words_count_only_where_the_block_says_them() -> None:
    """A box drawn over a line does not make the block hold its words."""
    found = counts(document("paragraph Drain the circuit"), block("paragraph", 0, "Drain the"))
    assert found["lost"] == len("circuit")


def test_a_region_cut_by_a_column_may_be_found_in_two_blocks() -> None:
    words = (Word("left", (10, 700, 50, 710)), Word("right", (300, 20, 340, 30)), Word("end", (345, 20, 380, 30)))
    region = Region("paragraph", (10, 20, 380, 710), (0, 1, 2), 0, section=())
    labelled = LabelledDocument("d.pdf", "", (LabelledPage(1, 500, 800, words, (region,)),))
    left = Block("a", "paragraph", "left", 1, (10, 700, 50, 710))
    right = Block("b", "paragraph", "right end", 1, (300, 20, 380, 30))
    found = counts(labelled, left, right)
    assert (found["kind.tp"], found.get("kind.fp", 0), found.get("kind.fn", 0)) == (1, 0, 0)


def test_order_counts_pairs_of_found_regions() -> None:
    labelled = document("heading Pump", "paragraph It runs", "paragraph It stops")
    swapped = (block("paragraph", 2, "It stops"), block("heading", 0, "Pump"), block("paragraph", 1, "It runs"))
    found = counts(labelled, *swapped)
    assert (found["pairs"], found["pairs.right"]) == (3, 1)


@pytest.mark.parametrize(
    ("path", "right"), [(("A",), 1), (("a ",), 1), (("Pump manual", "A"), 1), ((), 0), (("A", "B"), 0), (("B", "A"), 0)]
)
def test_a_section_path_is_right_as_a_whole_but_for_the_title_in_front(path: tuple[str, ...], right: int) -> None:
    found = counts(document("paragraph It runs"), block("paragraph", 0, "It runs", section=path))
    assert (found["section"], found["section.right"]) == (1, right)


def test_a_region_without_a_block_has_no_section() -> None:
    assert counts(document("paragraph It runs"))["section.right"] == 0


def test_the_nearest_heading_is_judged_where_only_that_is_labelled() -> None:
    labelled = document("heading Pump care", "paragraph It runs")
    page = labelled.pages[0]
    regions = tuple(replace(region, section=None, parent=index - 1) for index, region in enumerate(page.regions))
    labelled = replace(labelled, pages=(replace(page, regions=regions),))
    found = counts(labelled, block("paragraph", 1, "It runs", section=("Part", "Pump care")))
    assert (found["parent"], found["parent.right"]) == (1, 1)
    assert counts(labelled, block("paragraph", 1, "It runs", section=("Pump care", "Other")))["parent.right"] == 0


# -- furniture, captions, hidden -----------------------------------------------------------------------------------------------------
def test_furniture_in_a_block_is_counted_in_characters() -> None:
    found = counts(document("furniture Page 12", "paragraph It runs"), block("paragraph", 0, "Page 12"), block("paragraph", 1, "It runs"))
    assert (found["furniture"], found["block chars"], found["kind.fp"]) == (6, 12, 1)


def test_a_caption_may_be_any_block_but_a_heading_or_none_at_all() -> None:
    labelled = document("caption Table 3 Torques")
    assert "kind.fp" not in counts(labelled, block("figure", 0, "Table 3 Torques"))
    assert counts(labelled, block("heading", 0, "Table 3 Torques"))["kind.fp"] == 1
    kept = block("table_row", 5, "M8", caption="Table 3 Torques")
    assert counts(labelled, kept)["lost"] == 0
    assert counts(labelled)["lost"] == len("Table3Torques")


def test_a_hidden_string_is_out_only_when_no_word_of_it_is_in() -> None:
    labelled = replace(document("paragraph It runs"), hidden=((1, "zuxofo611 tavipe202"),))
    assert counts(labelled, block("paragraph", 0, "It runs"))["hidden.kept out"] == 1
    assert counts(labelled, block("paragraph", 0, "It runs tavipe202"))["hidden.kept out"] == 0


def test_lost_honest_text_is_a_false_flag_only_beside_hidden_text() -> None:
    labelled = document("paragraph It runs", "paragraph It stops")
    assert "honest" not in counts(labelled, block("paragraph", 0, "It runs"))
    found = counts(replace(labelled, hidden=((1, "zuxofo611"),)), block("paragraph", 0, "It runs"))
    assert (found["honest"], found["honest lost"]) == (13, 7)


# -- notices -------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "level", "text", "n_rows", "found"),
    [
        ("notice", "warning", "WARNING Hot surface wait until cold", 1, (1, 0, 0)),
        ("notice", "caution", "WARNING Hot surface wait until cold", 1, (0, 1, 1)),
        ("paragraph", None, "WARNING Hot surface wait until cold", 1, (0, 0, 1)),
        ("notice", "warning", "WARNING Hot surface", 1, (0, 1, 1)),
        ("notice", "warning", "WARNING Hot surface wait until cold Then open the lid", 2, (0, 1, 1)),
    ],
)
def test_a_notice_is_found_with_its_level_and_all_of_its_text(
    kind: str, level: str | None, text: str, n_rows: int, found: tuple[int, int, int]
) -> None:
    labelled = document("notice WARNING Hot surface wait until cold", "paragraph Then open the lid", level="warning")
    got = counts(labelled, block(kind, 0, text, n_rows=n_rows, level=level))
    assert (got.get("notice.tp", 0), got.get("notice.fp", 0), got.get("notice.fn", 0)) == found


# -- table cells ---------------------------------------------------------------------------------------------------------------------
def true_table(heads: Sequence[tuple[str, ...]], *rows: Sequence[str], ruling: str = "ruled") -> TrueTable:
    made = tuple(tuple(TrueCell(text, heads[i] if heads else (), i) for i, text in enumerate(row)) for row in rows)
    return TrueTable(ruling, made)


def row(*cells: tuple[str, str]) -> Block:
    """A parsed row of (text, head)."""
    text, made = "", []
    for column, (value, head) in enumerate(cells):
        text += " " if text else ""
        made.append(Cell(head, len(text), len(text) + len(value), column=column))
        text += value
    return Block("r", "table_row", text, 1, (0, 0, 1, 1), cells=tuple(made))


HEADS = (("Screw",), ("Torque", "min"), ("Torque", "max"))
TABLE = true_table(HEADS, ("M6", "8", "10"), ("M8", "20", "24"))


def n_right(table: TrueTable, *rows: Block) -> int:
    return align(table, parsed_rows(rows)[0])[0]


def test_cells_with_text_head_and_row_are_right() -> None:
    rows = [
        row(("M6", "Screw"), ("8", "Torque min"), ("10", "Torque max")),
        row(("M8", "Screw"), ("20", "Torque min"), ("24", "Torque / max")),
    ]
    assert n_right(TABLE, *rows) == 6
    assert n_right(TABLE, *reversed(rows)) == 3


def test_a_table_one_column_off_or_without_heads_or_flattened_scores_nothing_for_its_values() -> None:
    assert n_right(TABLE, row(("M6", "Torque min"), ("8", "Torque max"), ("10", ""))) == 0
    assert n_right(TABLE, row(("M6", ""), ("8", ""), ("10", ""))) == 0
    assert n_right(TABLE, row(("M6 8 10", "Screw"))) == 0
    assert n_right(TABLE, row(("M6", "Screw"), ("8", "min"), ("10", "max"))) == 1


def test_a_value_in_another_row_is_wrong() -> None:
    assert n_right(TABLE, row(("M6", "Screw"), ("20", "Torque min"), ("24", "Torque max"))) == 2


def test_a_table_without_heads_goes_by_the_place_in_the_row() -> None:
    table = true_table((), ("Max. voltage", "450 V"), ruling="unruled")
    assert n_right(table, row(("Max. voltage", ""), ("450 V", ""))) == 2
    assert n_right(table, row(("450 V", ""), ("Max. voltage", ""))) == 0
    assert n_right(table, row(("Max. voltage ..... 450 V", ""))) == 0


def test_a_cell_over_two_columns_may_carry_either_head_or_both() -> None:
    spanning = TrueCell("9", HEADS[1], 1, columns=2, heads=HEADS[1:])
    table = TrueTable("ruled", ((TrueCell("M5", HEADS[0], 0), spanning),))
    for head in ("Torque min", "Torque max", "Torque min max", "Torque min Torque max"):
        assert n_right(table, row(("M5", "Screw"), ("9", head))) == 2
    assert n_right(table, row(("M5", "Screw"), ("9", "Screw"))) == 1


def test_a_cell_over_two_rows_may_be_repeated_and_a_sub_head_needs_only_its_text() -> None:
    labelled = document("table M6 8", table=replace(true_table(HEADS[:2], ("M6", "8")), open_cells=(("Front",),)))
    parsed = replace(row(("Front", "Axle"), ("M6", "Screw"), ("8", "Torque min")), box=(10, 0, 500, 10), section=("A",))
    found = counts(labelled, parsed)
    assert (found["cell ruled.tp"], found["cell ruled.fp"], found["cell ruled.fn"]) == (2, 0, 0)
    sub = TrueTable("ruled", ((TrueCell("Front axle", HEADS[0], 0, 3, subhead=True),), *TABLE.rows))
    assert n_right(sub, row(("Front axle", "")), row(("M6", "Screw"))) == 2


def test_minus_signs_and_numbers_are_part_of_a_cell_and_blanks_are_not() -> None:
    assert cell_key("– 40 °C") == cell_key("-40°C") != cell_key("40 °C")
    assert cell_key("mm²") == cell_key("mm2")


# -- figures -------------------------------------------------------------------------------------------------------------------------
def test_figures_are_sums_over_all_documents_with_their_n() -> None:
    score = Score()
    score.counts.update({"notice.tp": 8, "notice.fn": 2, "furniture": 3, "block chars": 1000})
    by_name = {figure.name: figure for figure in figures(score.counts)}
    assert (by_name["notice recall"].value, by_name["notice recall"].n, by_name["notice recall"].met) == (0.8, 10, False)
    assert by_name["furniture in blocks"].met is True
    assert by_name["hidden-text recall"].value is None
    assert by_name["hidden-text recall"].met is None


def test_worst_pages_come_with_their_faults() -> None:
    labelled = document("paragraph It runs", "paragraph It stops")
    score = score_document(labelled, ())
    [(file, page, _, faults)] = worst_pages(score.faults, 3)
    assert (file, page) == ("d.pdf", 1)
    assert {fault.what for fault in faults} == {"paragraph not found", "section", "body lost"}


# -- the generator -------------------------------------------------------------------------------------------------------------------
def perfect(labelled: LabelledDocument) -> list[Block]:
    """What a parser would give that makes no fault, from the labels alone."""
    made: list[Block] = []
    for page in labelled.pages:
        for number, region in enumerate(page.regions):
            if region.kind in ("furniture", "contents", "hidden"):
                continue
            text = " ".join(page.words[word].text for word in region.words)
            lines = tuple(Line(0, len(text), page.words[word].box) for word in region.words)
            path, name = region.section or (), f"{page.number}-{number}"
            if region.table is None:
                level = region.level or None
                kind = "paragraph" if region.kind == "caption" else region.kind
                made.append(Block(name, kind, text, page.number, region.box, path, lines, level=level))  # type: ignore[arg-type]
            else:
                made.append(Block(name, "table", text, page.number, region.box, path, lines, group=name))
                made += [replace(row(*((cell.text, " ".join(cell.head)) for cell in own)), page=page.number, section=path, group=name)
                         for own in region.table.rows]  # fmt: skip
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_a_parser_without_a_fault_reaches_every_target_on_every_family(family: str) -> None:
    _, labelled = make(family, 5, 1)
    score = score_document(labelled, perfect(labelled))
    assert score.counts["kind.tp"] > 10
    assert not score.faults
    assert all(figure.met is not False for figure in figures(score.counts))


def test_the_plain_copy_has_every_letter_where_the_marked_copy_has_it() -> None:
    content, labelled = make("mixed", 5, 0)
    opened = pdfium.PdfDocument(content)
    for page in labelled.pages:
        _, _, words = page_words(opened[page.number - 1])
        places = {(word.text, word.box) for word in words}
        joined = "".join(word.text for word in words)
        assert sum((word.text, word.box) in places for word in page.words) > 0.97 * len(page.words)
        assert sorted(joined) == sorted("".join(word.text for word in page.words if not is_bullet(word.text)))


def test_the_same_seed_makes_the_same_labels_and_another_seed_others() -> None:
    assert make("bulletin", 5, 0)[1] == make("bulletin", 5, 0)[1]
    assert make("bulletin", 5, 0)[1].pages != make("bulletin", 6, 0)[1].pages


def test_a_dash_alone_is_a_cell_and_a_bullet_is_no_word() -> None:
    pages = [page for number in range(3) for page in make("hard tables", 3, number)[1].pages]
    cells = [cell for page in pages for region in page.regions if region.table for own in region.table.rows for cell in own]
    assert any(cell.text == "–" for cell in cells)
    assert not any(word.text == "•" for page in make("nested", 3, 0)[1].pages for word in page.words)


def test_labels_survive_a_trip_through_json() -> None:
    _, labelled = make("datasheet", 5, 0)
    assert document_from_plain(json.loads(json.dumps(document_to_plain(labelled)))) == labelled


def test_turned_pages_are_labelled_as_they_are_displayed() -> None:
    content, labelled = make("turned", 5, 0)
    page = pdfium.PdfDocument(content)[0]
    assert page.get_rotation() == 90
    heading = next(region for region in labelled.pages[0].regions if region.kind == "heading")
    assert heading.box[2] - heading.box[0] > heading.box[3] - heading.box[1]
    assert labelled.pages[0].width > labelled.pages[0].height


def contrast(image: np.ndarray, box: Box, scale: float) -> float:
    x0, y0, x1, y1 = (int(value * scale) for value in box)
    crop = image[max(0, y0) : max(0, y1 + 1), max(0, x0) : max(0, x1 + 1)]
    return float(crop.std()) if crop.size else 0.0


def covers(box: Box, page: LabelledPage) -> bool:
    """Whether visible words stand in the box too."""
    visible = (page.words[word].box for region in page.regions if region.kind != "hidden" for word in region.words)
    return any(min(box[2], x1) > max(box[0], x0) and min(box[3], y1) > max(box[1], y0) for x0, y0, x1, y1 in visible)


def test_hidden_words_cannot_be_seen_and_near_misses_can() -> None:
    n_hidden = n_honest = 0
    for number in (0, 1):
        content, labelled = make("hidden", 5, number)
        opened = pdfium.PdfDocument(content)
        for page in labelled.pages:
            image = np.asarray(opened[page.number - 1].render(scale=2).to_pil().convert("L"), dtype=float)
            for region in page.regions:
                seen = np.median([contrast(image, page.words[word].box, 2) for word in region.words])
                tiny = region.box[3] - region.box[1] < 3  # seen as specks, and too small to be read
                if region.kind == "hidden" and not tiny and not covers(region.box, page):
                    assert seen < 10, (page.number, region)
                    n_hidden += 1
                elif region.near_miss:
                    assert seen > 15, (page.number, region)
                    n_honest += 1
    assert n_hidden >= 8
    assert n_honest >= 12


@pytest.mark.parametrize("form", OVERLAYS)
def test_overlaid_text_is_in_the_file_and_not_on_the_page(form: str) -> None:
    before = compiled('#set text(font: "New Computer Modern")\nNothing to see.')
    after = overlay(before, form, "zuxofo611 tavipe202 lomufo311", 1)
    pages = [pdfium.PdfDocument(content)[0] for content in (before, after)]
    assert "tavipe202" in pages[1].get_textpage().get_text_range()
    first, second = (np.asarray(page.render(scale=1).to_pil()) for page in pages)
    assert (first == second).all()


def test_a_split_holds_at_least_sixty_documents_of_every_family_alike() -> None:
    assert len(names()) >= 60
    assert {family for family, _ in names()} == set(FAMILIES)


def test_colours_spell_numbers_up_to_the_last() -> None:
    assert [label_of(*colour_of(number)) for number in (0, 1, 4711, MAX_LABELS - 1)] == [0, 1, 4711, MAX_LABELS - 1]
    assert label_of(0, 0, 0) == label_of(255, 255, 255) == -1
    with pytest.raises(ValueError, match="labels at most"):
        colour_of(MAX_LABELS)


# -- the dev pages and the command -----------------------------------------------------------------------------------------------------
def test_a_word_belongs_to_the_smallest_label_around_it() -> None:
    words = [Word("a", (10, 10, 20, 20)), Word("b", (110, 10, 120, 20)), Word("c", (300, 300, 310, 310))]
    labels = [
        {"kind": "table", "box": [0, 0, 200, 50], "order": 0},
        {"kind": "notice", "box": [100, 0, 150, 30], "order": 1, "level": "danger", "parent": 0},
    ]
    table, notice = regions_of(words, labels)
    assert (table.words, notice.words) == ((0,), (1,))
    assert (notice.level, notice.parent, table.parent) == ("danger", 0, -1)


def test_a_label_file_with_an_unknown_kind_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('\n{"sha256": "0", "page": 1, "regions": [{"kind": "poem", "box": [0, 0, 1, 1]}]}\n')
    with pytest.raises(LabelError, match=r"labels\.jsonl:2: "):
        load_labels(path)


def test_labelled_real_pages_are_skipped_with_the_reason(tmp_path: Path) -> None:
    assert dev_report(tmp_path / "none") == f"{tmp_path / 'none'} is no folder"
    (tmp_path / "other.pdf").write_bytes(b"%PDF-1.4")
    assert "none of the labelled files" in str(dev_report(tmp_path))


def test_the_table_shows_values_targets_and_the_worst_pages() -> None:
    labelled = document("heading Pump", "paragraph It runs")
    report = Report("two lines", score_document(labelled, [block("heading", 0, "Pump")]), 1, 1)
    console = Console(file=io.StringIO(), width=160)
    print_reports(console, [report], 5)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "block-kind F1" in shown
    assert ">= 0.9" in shown
    assert "0.6667" in shown
    assert "paragraph not found" in shown
    assert "d.pdf p.1" in shown


def test_the_command_says_what_it_skips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ["--seed", "5", "--family", "no such", "--dev", str(tmp_path / "none"), "--keep", str(tmp_path), "--json", str(out)]
    assert main(["eval", "layout", *arguments]) == 0
    assert "labelled real pages: skipped" in capsys.readouterr().out
    assert json.loads(out.read_text())["documents"] == 0
