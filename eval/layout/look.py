"""How one generated manual looks. Drawn at random within what a family of manuals allows; must not know what the manual says."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FONTS = ("New Computer Modern", "Libertinus Serif", "DejaVu Sans Mono")
"""The fonts that come with Typst itself: results must not depend on the machine."""


@dataclass(frozen=True)
class Look:
    """Sizes in points. `paper` is a Typst paper name. `numbered`: headings carry numbers. `levels`: sizes of headings, outermost first.
    `bold_heads`, `colour`: how headings are set. `head`, `foot`, `folio`: forms of running head, running foot and page number."""

    paper: str
    landscape: bool
    margin: float
    font: str
    size: float
    leading: float
    spacing: float
    justify: bool
    indent: float
    numbered: bool
    levels: tuple[float, ...]
    bold_heads: bool
    colour: str
    upper: bool
    tracked: bool
    head: str
    foot: str
    folio: str
    notice: str
    list_indent: float
    bullet: str
    step_form: str
    table_size: float


def draw(rng: Random, **wanted: object) -> Look:
    """A look; `wanted` fixes fields."""
    size = rng.choice((8.5, 9.0, 9.5, 10.0, 10.5, 11.0))
    ratio = rng.choice((1.15, 1.25, 1.4))
    numbered = rng.random() < 0.6
    deepest = size * rng.choice((1.0, 1.1, 1.15))
    values: dict[str, object] = {
        "paper": rng.choice(("a4", "us-letter", "a4", "a5")),
        "landscape": False,
        "margin": rng.choice((48.0, 56.0, 64.0, 72.0)),
        "font": rng.choice(("New Computer Modern", "Libertinus Serif", "New Computer Modern", "Libertinus Serif", "DejaVu Sans Mono")),
        "size": size,
        "leading": rng.choice((0.5, 0.6, 0.65, 0.75)),
        "spacing": rng.choice((0.9, 1.1, 1.3)),
        "justify": rng.random() < 0.6,
        "indent": rng.choice((0.0, 0.0, 0.0, 12.0)),
        "numbered": numbered,
        "levels": (deepest * ratio * ratio, deepest * ratio, deepest),
        "bold_heads": rng.random() < 0.8 or not numbered,
        "colour": rng.choice(("#000000", "#000000", "#1a4c8b", "#7a1f1f")),
        "upper": rng.random() < 0.2,
        "tracked": rng.random() < 0.12,
        "head": rng.choice(("none", "title", "chapter", "both", "boxed", "mirrored")),
        "foot": rng.choice(("none", "number", "company", "two lines")),
        "folio": rng.choice(("plain", "of", "dashes", "page", "compound", "roman first")),
        "notice": rng.choice(("box", "shaded", "bar", "icon", "inline", "signal", "table", "rules")),
        "list_indent": rng.choice((0.0, 10.0, 18.0)),
        "bullet": rng.choice(("•", "–", "•", "▪")),
        "step_form": rng.choice(("1.", "1)", "(1)", "1.")),
        "table_size": size * rng.choice((0.85, 0.9, 1.0)),
    }
    if values["font"] == "DejaVu Sans Mono":
        values |= {
            "size": min(size, 9.0),
            "table_size": min(size, 9.0) * 0.85,
            "levels": tuple(0.85 * level for level in (deepest * ratio * ratio, deepest * ratio, deepest)),
        }
    return Look(**(values | wanted))  # type: ignore[arg-type]
