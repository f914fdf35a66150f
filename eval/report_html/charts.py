"""Numbers in, small inline SVG pictures out, each with a title for those who cannot see it. No script; no colour says something alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from eval.report_html.curves import Bin
from eval.stats import Figure

WIDTH, HEIGHT = 340, 220
MOST_DOTS = 60  # of more nights a line shows enough
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 12, 12, 38


@dataclass(frozen=True, slots=True)
class Axes:
    """A plot's frame: data ranges to pixels."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT

    def px(self, value: float) -> float:
        low, high = self.x
        return round(_LEFT + (value - low) / ((high - low) or 1) * (self.width - _LEFT - _RIGHT), 1)

    def py(self, value: float) -> float:
        low, high = self.y
        return round(self.height - _BOTTOM - (value - low) / ((high - low) or 1) * (self.height - _TOP - _BOTTOM), 1)

    def points(self, pairs: Sequence[tuple[float, float]]) -> str:
        """Pairs as the `points` of a polyline."""
        return " ".join(f"{self.px(x)},{self.py(y)}" for x, y in pairs)


def picture(title: str, body: str, width: int = WIDTH, height: int = HEIGHT, kind: str = "plot") -> str:
    """An SVG with its title."""
    return (
        f'<svg class="{kind}" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def frame(axes: Axes, x_name: str, y_name: str, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[float]) -> str:
    """Grid lines, ticks and names of both axes."""
    bottom, right = axes.height - _BOTTOM, axes.width - _RIGHT
    parts = []
    for value in y_ticks:
        y = axes.py(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4}" text-anchor="end">{value:.3g}</text>')
    for value, name in x_ticks:
        parts.append(f'<text x="{axes.px(value)}" y="{bottom + 15}" text-anchor="middle">{escape(name)}</text>')
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text class="name" x="{(_LEFT + right) / 2}" y="{axes.height - 5}" text-anchor="middle">{escape(x_name)}</text>')
    middle = (_TOP + bottom) / 2
    parts.append(f'<text class="name" transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>')
    return "".join(parts)


def _ticks(low: float, high: float) -> list[float]:
    return [low + (high - low) * part / 4 for part in range(5)]


def risk_coverage_plot(points: Sequence[tuple[float, float]]) -> str:
    """The share of wrong answers among the most confident x of the answerable items."""
    most = max(0.1, *(risk for _, risk in points)) if points else 1.0
    axes = Axes((0, 1), (0, min(1.0, most * 1.1)))
    body = frame(axes, "coverage", "risk", [(part / 4, f"{part / 4:g}") for part in range(5)], _ticks(*axes.y))
    body += f'<polyline class="line" points="{axes.points(points)}"/>'
    at80 = next((risk for coverage, risk in points if coverage >= 0.8), None)
    said = "" if at80 is None else f": risk {at80:.3f} at 80 % coverage, {points[-1][1]:.3f} at all"
    if at80 is not None:
        x, y = axes.px(0.8), axes.py(at80)
        body += f'<line class="mark" x1="{x}" x2="{x}" y1="{axes.py(axes.y[0])}" y2="{y}"/><circle class="dot" cx="{x}" cy="{y}" r="4"/>'
    return picture(f"Risk-coverage curve{said}", body)


def reliability_plot(bins: Sequence[Bin]) -> str:
    """Share of right answers against stated confidence, with intervals; on the diagonal confidence says what is true."""
    axes = Axes((0, 1), (0, 1))
    body = frame(axes, "stated confidence", "share right", [(part / 4, f"{part / 4:g}") for part in range(5)], _ticks(0, 1))
    body += f'<polyline class="ideal" points="{axes.points([(0, 0), (1, 1)])}"/>'
    for one in bins:
        x = axes.px(one.confidence)
        radius = 3 + min(5.0, one.n**0.5 / 3)
        body += f'<line class="whisker" x1="{x}" x2="{x}" y1="{axes.py(one.low)}" y2="{axes.py(one.high)}"/>'
        body += f'<circle class="dot" cx="{x}" cy="{axes.py(one.right)}" r="{radius:.1f}"/>'
    said = "; ".join(f"{one.confidence:.2f}: {one.right:.2f} of {one.n}" for one in bins)
    return picture(f"Reliability: confidence against share right. {said}", body)


def trend_plot(name: str, nights: Sequence[tuple[str, Figure | None, bool]]) -> str:
    """One figure over all nights (label, figure, gate passed), with its intervals; a night whose gate failed is a cross."""
    valid = [
        (place, label, own.value, own.low, own.high, passed)
        for place, (label, own, passed) in enumerate(nights)
        if own and own.value is not None
    ]
    if not valid:
        return ""
    ends = [edge for _, _, value, low, high, _ in valid for edge in (value, low, high) if edge is not None]
    low, high = min(ends), max(ends)
    pad = max((high - low) * 0.1, 0.01 if high <= 1 else 0.05 * high)
    share = low >= 0 and high <= 1
    x_range = (0.0, len(nights) - 1.0) if len(nights) > 1 else (-1.0, 1.0)
    axes = Axes(x_range, (max(0.0, low - pad), min(1.0, high + pad) if share else high + pad), 340, 170)
    labels = [("start", 0.0, nights[0][0]), ("end", len(nights) - 1.0, nights[-1][0])]
    body = frame(axes, "", "", [], _ticks(*axes.y))
    for anchor, place, label in labels if len(nights) > 1 else [("middle", 0.0, nights[0][0])]:
        body += f'<text x="{axes.px(place)}" y="{axes.height - _BOTTOM + 15}" text-anchor="{anchor}">{escape(label)}</text>'
    band = [(place, edge) for place, _, _, _, edge, _ in valid if edge is not None]
    band += [(place, edge) for place, _, _, edge, _, _ in reversed(valid) if edge is not None]
    if len(valid) > 1:
        body += f'<polygon class="band" points="{axes.points(band)}"/>'
    elif band:
        body += f'<polyline class="whisker" points="{axes.points(band)}"/>'
    body += f'<polyline class="line" points="{axes.points([(place, value) for place, _, value, _, _, _ in valid])}"/>'
    for place, _, value, _, _, passed in valid:
        x, y = axes.px(place), axes.py(value)
        cross = f'<path class="cross" d="M{x - 4},{y - 4}L{x + 4},{y + 4}M{x - 4},{y + 4}L{x + 4},{y - 4}"/>'
        dot = f'<circle class="dot" cx="{x}" cy="{y}" r="3"/>' if len(nights) <= MOST_DOTS else ""
        body += dot if passed else cross
    first, last = valid[0], valid[-1]
    return picture(f"{name} over {len(valid)} nights: {first[2]:.3f} on {first[1]}, {last[2]:.3f} on {last[1]}", body, 340, 170, "trend")


def sparkline(name: str, values: Sequence[float]) -> str:
    """The course of a figure, as high as a line of text."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = [
        (2 + 96 * place / (len(values) - 1), 22 - 18 * (value - low) / span if high > low else 13) for place, value in enumerate(values)
    ]
    body = f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
    body += f'<circle class="dot" cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.5"/>'
    return picture(f"{name} over {len(values)} nights, from {values[0]:.3f} to {values[-1]:.3f}", body, 100, 26, "spark")


def interval_bar(figure: Figure, best: float = 1.0) -> str:
    """A figure between 0 and `best` as a dot on its 95 % interval."""
    if figure.value is None:
        return ""
    x = [
        round(4 + 112 * min(best, max(0.0, edge)) / best, 1)
        for edge in (figure.low or figure.value, figure.high or figure.value, figure.value)
    ]
    body = '<line class="axis" x1="4" x2="116" y1="9" y2="9"/>'
    body += f'<line class="span" x1="{x[0]}" x2="{x[1]}" y1="9" y2="9"/><circle class="dot" cx="{x[2]}" cy="9" r="4"/>'
    return picture(f"{figure.value:.3f} on a scale of 0 to {best:g}", body, 120, 18, "spark")


def time_bar(p50: float, p95: float, most: float) -> str:
    """p50 as a full bar, p95 as a thin one, on a scale of 0 to `most` ms."""
    width = [round(200 * min(1.0, value / (most or 1)), 1) for value in (p50, p95)]
    body = f'<rect class="p95" x="0" y="6" width="{width[1]}" height="4"/><rect class="p50" x="0" y="2" width="{width[0]}" height="12"/>'
    return picture(f"median {p50:.0f} ms, 95th percentile {p95:.0f} ms", body, 200, 16, "spark")
