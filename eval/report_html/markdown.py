"""A report's material in, a short Markdown text for a pull request out: the gate, the headline, what flipped, what failed.

Answers and documents are not trusted: what Markdown or HTML would read as markup is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.report_html.material import HEADLINE, MEASURES, Material, given, places, wanted
from eval.report_html.page import verdict_words
from eval.rows import Json
from eval.tables import headline

MOST_FLIPPED, MOST_FAILED, MOST_CHARS = 20, 40, 220


def markdown(material: Material) -> str:
    """The whole text."""
    lines = [f"# {plain(f'evdocs eval: {material.name}')}", "", f"**{plain(verdict_words(material).capitalize())}**", ""]
    lines += [plain(" ".join(headline(material.run))), "", *_figures(material), "", *_gate(material)]
    if material.changes:
        before = material.before.by_id if material.before else {}
        lines += ["", f"## Flipped since the baseline: {len(material.changes.worse)} worse, {len(material.changes.better)} better", ""]
        lines += _listed([_flip(row, "now wrong", before.get(row["id"])) for row in material.changes.worse], MOST_FLIPPED)
        lines += _listed([_flip(row, "now right", None) for row in material.changes.better], MOST_FLIPPED)
    failures = material.failures()
    lines += ["", f"## Failed items: {len(failures)} of {len(material.run.rows)}", ""]
    lines += _listed([_failure(row) for row in failures], MOST_FAILED)
    return "\n".join(lines).rstrip() + "\n"


def plain(text: str) -> str:
    """One line in which nothing is markup: no tags, links, pictures, mentions, emphasis or table cells."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]{}|#~!])", r"\\\1", flat).replace("@", "@\u200b").replace("://", ":\u200b//")


def _figures(material: Material) -> list[str]:
    rows = ["| figure | value | 95 % interval | n | since the baseline |", "|---|--:|--:|--:|--:|"]
    for part, metric, name in HEADLINE:
        figure = material.figure(part, metric)
        if figure is None or figure.value is None:
            continue
        interval = "-" if figure.low is None else f"{figure.low:.3f} - {figure.high:.3f}"
        change = material.changes.of(MEASURES.get(metric, metric)) if material.changes else None
        moved = "" if change is None else f"{change.difference.value:+.3f}"
        rows.append(f"| {name} | {figure.value:.3f} | {interval} | {figure.n_valid} | {moved} |")
    return rows


def _gate(material: Material) -> list[str]:
    if material.verdict is None:
        return []
    lines = [f"- **FAIL** {plain(f'{one.kind}: {one.said}')}" for one in material.verdict.failures]
    lines += [f"- note: {plain(note)}" for note in material.verdict.notes]
    held = sum(check.passed for check in material.verdict.checks)
    return ["## Gate", "", *lines, f"- {held} of {len(material.verdict.checks)} checks held"]


def _flip(row: Json, way: str, before: Json | None) -> str:
    said = f"- **{plain(row['id'])}** ({plain(row['type'])}) {way}: {_short(row['question'])}"
    if way == "now wrong":
        said += f" Expected: {_short(wanted(row))} Answered: {_short(given(row))}"
        said += f" Before: {_short(given(before))}" if before else ""
    return said


def _failure(row: Json) -> str:
    where = f" ({plain(places(row['evidence']))})" if row["evidence"] else ""
    return f"- **{plain(row['id'])}** {_short(row['question'])} Expected: {_short(wanted(row))}{where} Answered: {_short(given(row))}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return "“" + plain(flat if len(flat) <= MOST_CHARS else flat[:MOST_CHARS] + " …") + "”"


def _listed(lines: Sequence[str], most: int) -> list[str]:
    return [*lines[:most], *([f"- {len(lines) - most} more"] if len(lines) > most else [])]
