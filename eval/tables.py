"""A run's summary record in, tables out: for the terminal and as Markdown for the log. It formats; it computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eval.report import BY_TYPE, RATES
from eval.rows import Json, Run

POOLED = frozenset(("citation_validity", "nearest_validity", "number_precision", "quotes_needing_looser_form", "notices_carried", "errors"))
"""Rates over single citations, numbers, notices or items, beside those of `report.RATES`."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: title, heads, rows of texts."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


HEADS = {
    **{"hit@1": "h@1", "hit@5": "h@5", "hit@20": "h@20", "facts@5": "f@5", "fact_recall": "facts"},
    **{"correct": "corr.", "concise": "conc.", "cites_gold_page": "gold", "refused": "ref."},
}
"""Short column heads: h@k hit by page at k, f@5 facts in the first five hits, facts those in the answer, gold a gold page cited."""


PARTS = {"by_type": "type", "by_document": "document", "by_difficulty": "difficulty"}


def grids(run: Run) -> list[Grid]:
    """The tables of a run, in reading order."""
    made = [_figures(name, table) for name, table in run.summary["figures"].items()]
    made += [_parts(name, run.summary[key]) for key, name in PARTS.items() if run.summary[key]]
    stages = run.latency.get("stages_ms", {})
    rows = [(stage, f"{part['p50']:.1f}", f"{part['p95']:.1f}", str(part["n"])) for stage, part in stages.items()]
    return [*made, Grid("latency, ms", ("stage", "p50", "p95", "n"), tuple(rows))]


def _parts(name: str, parts: Json) -> Grid:
    heads = (name, "n", *(HEADS.get(metric, metric) for metric in BY_TYPE), "words")
    rows = [
        (kind, str(part["n"]), *(_value(part[metric], 2) for metric in BY_TYPE), "-" if part["words"] is None else f"{part['words']:.0f}")
        for kind, part in parts.items()
    ]
    return Grid(f"answerable by {name} (words: median)", heads, tuple(rows))


def _figures(name: str, table: dict[str, Json]) -> Grid:
    rows = [
        (metric, _value(figure), _count(metric, figure, name), _interval(metric, figure, name), str(figure["n"]))
        for metric, figure in table.items()
    ]
    return Grid(name, (name, "value", "n_valid", "95 % interval", "n"), tuple(rows))


def _value(figure: Json, digits: int = 3) -> str:
    return "-" if figure["value"] is None else f"{figure['value']:.{digits}f}"


def _is_rate(metric: str, table: str) -> bool:
    return metric in RATES or metric in POOLED or (table == "refusals" and metric != "f1")


def _count(metric: str, figure: Json, table: str) -> str:
    """n_valid, as "true of valid" for rates."""
    if not _is_rate(metric, table) or figure["low"] is None:
        return str(figure["n_valid"])
    return f"{round(figure['value'] * figure['n_valid'])} of {figure['n_valid']}"


def _interval(metric: str, figure: Json, table: str) -> str:
    if figure["low"] is None:
        return "no labels" if metric == "notice_recall" and not figure["n_valid"] else "-"
    return f"{figure['low']:.3f} - {figure['high']:.3f}{' w' if _is_rate(metric, table) else ' b'}"


def headline(run: Run) -> list[str]:
    """What was asked, of what, and what failed: a sentence each."""
    summary, config, times = run.summary, run.config, run.latency
    counts = f"{summary['n']} items, {summary['n_answerable']} answerable, {summary['n_errors']} failed with an error"
    clients = "1 client" if times["clients"] == 1 else f"{times['clients']} clients"
    lines = [f"{' + '.join(config['gold'])}: {counts}; {times['n_asked']} asked in {times['seconds']:.0f} s with {clients}."]
    if summary["n_not_indexed"]:
        names = ", ".join(summary["not_indexed"])
        lines.append(f"{summary['n_not_indexed']} items need documents that are not indexed; they count as failed: {names}.")
    row = next((row for row in run.rows if row.get("models")), {})
    build = config.get("build_id") or (row.get("index") or {}).get("build_id") or "unknown"
    models = _models(config.get("models") or row.get("models"))
    commit = config.get("git_commit") or "unknown"
    lines.append(f"System: {config['system']['kind']}; mode {config['mode']}; index build {build}; models {models}; commit {commit}.")
    lines.append(f"Peak memory {times['peak_bytes'] / 2**30:.2f} GiB; pace {_pace(times)}.")
    if summary["unused_citations"]:
        lines.append(f"{summary['unused_citations']} citations are listed that no marker uses.")
    if summary["degraded"]:
        lines.append(f"Degraded: {', '.join(summary['degraded'])}.")
    return lines


def _pace(times: Json) -> str:
    pace = times["pace"]
    return "unknown" if pace["p50"] is None else f"{pace['p50']:.1f} (median answer over a reference of {pace['reference_ms']:.1f} ms)"


def _models(models: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in models.items() if value) if isinstance(models, dict) else "unknown"


def print_summary(console: Console, run: Run) -> None:
    """Headline and tables for the terminal."""
    for line in headline(run):
        console.print(escape(line), highlight=False)
    for grid in grids(run):
        print_grid(console, grid)
    console.print("w: Wilson's interval; b: bootstrap clustered by document.", highlight=False)


def wide_console(*, stderr: bool = False) -> Console:
    """A console for tables: as wide as the terminal, 140 columns in a file or a pipe."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=140)


def print_grid(console: Console, grid: Grid) -> None:
    """One table for the terminal; long names fold, figures never do."""
    table = Table(title=f"\n{grid.title.capitalize()}", title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for place, head in enumerate(grid.heads):
        table.add_column(head, justify="left" if place == 0 else "right", no_wrap=place > 0, min_width=14 if place == 0 else None)
    for row in grid.rows:
        table.add_row(*map(escape, row))
    console.print(table)


def print_failures(console: Console, lines: Sequence[str], most: int, title: str) -> None:
    """At most `most` lines, and how many more there are."""
    if not lines:
        return
    console.print(f"\n{title}: {len(lines)}", style="bold")
    for line in lines[:most]:
        console.print(escape(line), highlight=False, soft_wrap=True)
    if len(lines) > most:
        console.print(f"... {len(lines) - most} more (see --failed and --out)")


def markdown(run: Run) -> str:
    """Headline and tables for the log."""
    parts = [" ".join(headline(run))]
    parts += [markdown_grid(grid) for grid in grids(run)]
    parts.append("w: Wilson's interval; b: bootstrap clustered by document.")
    return "\n\n".join(parts)


def markdown_grid(grid: Grid) -> str:
    """One table for the log."""
    rule = "|".join(["---", *("--:" for _ in grid.heads[1:])])
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (grid.heads, *grid.rows)]
    return "\n".join([f"**{grid.title.capitalize()}**", "", body[0], f"|{rule}|", *body[1:]])
