"""A report's material in, its sections as HTML out, but for the failed items. Every text is escaped where it enters."""

from __future__ import annotations

from html import escape

from eval.report_html.charts import interval_bar, reliability_plot, risk_coverage_plot, sparkline, time_bar, trend_plot
from eval.report_html.curves import reliability, risk_coverage
from eval.report_html.material import HEADLINE, MEASURES, Material
from eval.stats import Figure
from eval.tables import Grid, grids

LATENCY_TREND = (
    ("latency", "pace p50", "median answer in units of the reference work (pace)"),
    ("latency", "ask total p50", "median answer, ms"),
)


def section(anchor: str, title: str, body: str) -> str:
    """One section with its heading."""
    return f'<section id="{anchor}" aria-labelledby="{anchor}-title"><h2 id="{anchor}-title">{escape(title)}</h2>{body}</section>'


def gate_section(material: Material) -> str:
    """What the gate said: failures first, notes, and what held."""
    verdict = material.verdict
    if verdict is None:
        return section("gate", "Gate", "<p>This run was not judged.</p>")
    bad = "".join(f'<li><span class="bad">FAIL</span> {escape(one.kind)}: {escape(one.said)}</li>' for one in verdict.failures)
    notes = "".join(f"<li>note: {escape(note)}</li>" for note in verdict.notes)
    held = [f'<li><span class="good">ok</span> {escape(one.kind)}: {escape(one.said)}</li>' for one in verdict.checks if one.passed]
    kept = f'<details><summary>{len(held)} checks held</summary><ul class="checks">{"".join(held)}</ul></details>' if held else ""
    return section("gate", "Gate", (f'<ul class="checks">{bad}{notes}</ul>' if bad or notes else "") + kept)


def headline_section(material: Material) -> str:
    """The main figures with intervals, their change since the baseline and their course over the nights."""
    rows = []
    for part, metric, name in HEADLINE:
        figure = material.figure(part, metric)
        if figure is None:
            continue
        own = [night.figures[part, metric].value for night in material.history if (part, metric) in night.figures]
        cells = (_number(figure.value), _interval(figure), interval_bar(figure), str(figure.n_valid), _change(material, metric))
        course = sparkline(name, [value for value in own if value is not None])
        rows.append(f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{cell}</td>" for cell in (*cells, course)) + "</tr>")
    heads = ("figure", "value", "95 % interval", "on 0 to 1", "n", "since the baseline", "nights")
    caption = "Headline figures; n counts items (or citations, numbers) with a value"
    return section("figures", "Headline figures", _table(caption, heads, rows))


def _change(material: Material, metric: str) -> str:
    change = material.changes.of(MEASURES.get(metric, metric)) if material.changes else None
    if change is None or change.difference.value is None:
        return ""
    one = change.difference
    return f"{one.value:+.3f} ({one.low:+.3f} .. {one.high:+.3f})" if one.low is not None else f"{one.value:+.3f}"


def trend_section(material: Material) -> str:
    """Each headline figure over all nights."""
    if not material.history:
        return section("trend", "Trend", "<p>No nights are recorded: give the history with <code>--history</code>.</p>")
    plots = []
    for part, metric, name in (*HEADLINE, *LATENCY_TREND):
        nights = [(night.began[:10], night.figures.get((part, metric)), night.passed) for night in material.history]
        if drawn := trend_plot(name, nights):
            plots.append(f"<figure><figcaption>{escape(name)}</figcaption>{drawn}</figure>")
    count = f"{len(material.history)} night{'s' * (len(material.history) > 1)}"
    said = f"{count}; the band is the 95 % interval, a cross is a night whose gate failed."
    return section("trend", "Trend over all nights", f'<p class="soft">{said}</p><div class="plots">{"".join(plots)}</div>')


def curves_section(material: Material) -> str:
    """Risk against coverage, and confidence against truth."""
    points, bins = risk_coverage(material.run.rows), reliability(material.run.rows)
    plots = [
        (risk_coverage_plot(points), "Risk-coverage", "share of wrong ones among the most confident answerable items; dashed: 80 %"),
        (reliability_plot(bins), "Calibration", "share of answers that are right against their confidence; on the dashed line both agree"),
    ]
    drawn = "".join(f"<figure><figcaption>{name} <small>{said}</small></figcaption>{plot}</figure>" for plot, name, said in plots)
    rows = [
        f'<tr><th scope="row">{one.confidence:.2f}</th><td>{one.right:.3f}</td><td>{one.low:.3f} - {one.high:.3f}</td><td>{one.n}</td></tr>'
        for one in bins
    ]
    table = _table("Calibration by bins of confidence", ("mean confidence", "share right", "95 % interval", "n"), rows)
    body = f'<div class="plots">{drawn}</div><details><summary>The bins as a table</summary>{table}</details>'
    return section("curves", "Risk, coverage and calibration", body)


def parts_section(material: Material) -> str:
    """Figures by type, document and difficulty; everything else folded."""
    own = [grid for grid in grids(material.run) if not grid.title.startswith("latency")]
    parts = [grid for grid in own if grid.title.startswith("answerable by")]
    rest = "".join(grid_table(grid) for grid in own if grid not in parts)
    legend = (
        "h@k: right page among the first k hits; f@5: facts in the first five hits; facts, corr., conc.: facts in the answer, all of them, "
    )
    legend += "all and short; gold: a right page is cited; ref.: refused though answerable."
    body = f'<p class="soft">{legend}</p>' + "".join(grid_table(grid) for grid in parts)
    return section("parts", "By type, document and difficulty", f"{body}<details><summary>Every figure</summary>{rest}</details>")


def latency_section(material: Material) -> str:
    """Milliseconds by stage, and the pace against the machine's own speed."""
    stages = material.run.latency.get("stages_ms") or {}
    most = max((own["p95"] for own in stages.values()), default=0.0)
    rows = [
        f'<tr><th scope="row">{escape(name)}</th><td>{own["p50"]:.1f}</td><td>{own["p95"]:.1f}</td><td>{own["n"]}</td>'
        f"<td>{time_bar(own['p50'], own['p95'], most)}</td></tr>"
        for name, own in stages.items()
    ]
    pace = material.run.latency.get("pace") or {}
    said = "" if not pace.get("p50") else f"A median answer takes {pace['p50']:.1f} times a fixed piece of reference work timed beside it."
    heads = ("stage", "p50", "p95", "n", "p50 thick, p95 thin")
    return section("latency", "Latency by stage", f'<p class="soft">{said}</p>' + _table("Milliseconds by stage", heads, rows))


def grid_table(grid: Grid) -> str:
    """A table of `eval.tables` as HTML."""
    rows = [
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in grid.rows
    ]
    return _table(grid.title.capitalize(), grid.heads, rows)


def _table(caption: str, heads: tuple[str, ...], rows: list[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    caption_cell = f"<caption>{escape(caption)}</caption>"
    return (
        f'<div class="scroll" tabindex="0"><table>{caption_cell}<thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(figure: Figure) -> str:
    return "-" if figure.low is None or figure.high is None else f"{figure.low:.3f} - {figure.high:.3f}"
