"""Failed items as HTML: the question, what was answered, what was expected, and the page with the evidence marked."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from eval.report_html.evidence import Shown
from eval.report_html.material import Material, cited, given, places, wanted
from eval.report_html.sections import section
from eval.rows import Json

MOST_ITEMS, MOST_CHARS = 150, 2000


def failed_section(material: Material) -> str:
    """At most MOST_ITEMS items; what was cut is said above them."""
    failures = material.failures()
    before = material.before.by_id if material.before else {}
    drawn = "".join(_item(material, row, before) for row in failures[:MOST_ITEMS])
    cut = [f"{len(failures)} of {len(material.run.rows)} items did not come out as expected."]
    if len(failures) > MOST_ITEMS:
        cut.append(f"The first {MOST_ITEMS} are shown; the others stand in the run's results.jsonl.")
    if material.evidence.n_left_out:
        cut.append(f"{material.evidence.n_left_out} page pictures were left out to keep this file small (--images shows more).")
    if material.evidence.note:
        cut.append(material.evidence.note)
    return section("failed", "Failed items", f'<p class="soft">{escape(" ".join(cut))}</p>{drawn}')


def _item(material: Material, row: Json, before: Mapping[str, Json]) -> str:
    tags = f"<span>{escape(row['type'])}</span><span>{escape(row['difficulty'])}</span>"
    tags += '<span class="bad">newly wrong</span>' if material.newly_wrong(row) else ""
    pairs = [("Answered", _cut(given(row)))]
    if pages := cited(row):
        confidence = "" if row["confidence"] is None else f" · confidence {row['confidence']:.2f}"
        pairs.append(("Cited", pages + confidence))
    pairs.append(("Expected", wanted(row)))
    if row["facts"]:
        pairs.append(("Facts owed", "; ".join(" | ".join(spellings) for spellings in row["facts"])))
    if row["quotes"]:
        pairs.append(("Evidence", "\n".join(f"“{quote}”" for quote in row["quotes"])))
    if row["evidence"]:
        pairs.append(("Stands on", places(row["evidence"])))
    if missing := [text for text, carried in zip(row["owed"], row["notices_carried"], strict=False) if not carried]:
        pairs.append(("Warning lost", "\n".join(missing)))
    if (own := before.get(row["id"])) and material.newly_wrong(row):
        pairs.append(("Before", _cut(given(own))))
    if shares := _shares(row):
        pairs.append(("Scores", shares))
    told = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in pairs)
    pictures = "".join(_picture(shown) for shown in material.evidence.pages(row))
    shown = f'<div class="pages">{pictures}</div>' if pictures else ""
    title = f"{escape(row['id'])}: {escape(_cut(row['question'], 400))}"
    return f'<article id="item-{escape(row["id"], quote=True)}"><h3>{title}</h3><p class="tags">{tags}</p><dl>{told}</dl>{shown}</article>'


def _shares(row: Json) -> str:
    names = ("hit@1", "hit@5", "facts@5", "fact_recall", "correct", "concise", "cites_gold_page")
    own = [(name, row["metrics"].get(name)) for name in names]
    return ", ".join(f"{name} {float(value):.2g}" for name, value in own if value is not None)


def _picture(shown: Shown) -> str:
    place = f"{shown.document}, page {shown.page}"
    if shown.picture is None:
        return f'<p class="soft">{escape(place)}: no picture ({escape(shown.why_not)}).</p>'
    picture = shown.picture
    marked = (
        f"{picture.n_marked} of {shown.n_quotes} quotes marked" if picture.n_marked else "no quote was found in its text, nothing is marked"
    )
    source = "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode()
    alt = escape(f"{place}; {marked}", quote=True)
    size = f'width="{picture.width}" height="{picture.height}"'
    caption = f"<figcaption>{escape(place)} <small>{escape(marked)}</small></figcaption>"
    return f'<figure>{caption}<img src="{source}" alt="{alt}" {size} loading="lazy"></figure>'


def _cut(text: str, most: int = MOST_CHARS) -> str:
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"
