"""A report's material in, one HTML file out that needs nothing else: style and pictures inside, no script, no address outside."""

from __future__ import annotations

from html import escape
from pathlib import Path

from eval.report_html.items import failed_section
from eval.report_html.material import Material
from eval.report_html.sections import curves_section, gate_section, headline_section, latency_section, parts_section, trend_section
from eval.tables import headline

STYLE = Path(__file__).parent / "style.css"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # were an escape ever missed, it could do nothing
_SECTIONS = (
    ("figures", "Figures"),
    ("gate", "Gate"),
    ("trend", "Trend"),
    ("curves", "Risk and calibration"),
    ("parts", "By type and document"),
    ("latency", "Latency"),
    ("failed", "Failed items"),
)


def verdict_words(material: Material) -> str:
    """The outcome in a few words."""
    if material.verdict is None:
        return "not judged"
    names = ", ".join(dict.fromkeys(check.metric for check in material.verdict.failures))
    return f"gate failed: {names}" if names else "gate passed"


def html(material: Material) -> str:
    """The whole file."""
    title = escape(f"evdocs eval: {material.name}")
    kind = "unjudged" if material.verdict is None else "passed" if material.verdict.passed else "failed"
    links = "".join(f'<li><a href="#{anchor}">{name}</a></li>' for anchor, name in _SECTIONS)
    said = "".join(f'<p class="soft">{escape(line)}</p>' for line in headline(material.run))
    changed = ""
    if material.changes:
        counts = f"{len(material.changes.worse)} items are newly wrong and {len(material.changes.better)} newly right"
        changed = f'<p class="soft">{counts} since the accepted baseline, of {material.changes.n} compared.</p>'
    parts = (headline_section, gate_section, trend_section, curves_section, parts_section, latency_section, failed_section)
    body = "".join(part(material) for part in parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE.read_text('utf-8')}</style></head><body><header><h1>{title}</h1>"
        f'<p><span class="verdict {kind}">{escape(verdict_words(material))}</span></p>{said}{changed}</header>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav><main>{body}</main></body></html>\n'
    )
