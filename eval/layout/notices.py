"""Safety notices in the forms manuals have, set in a manual with their labels: boxed, shaded, with a bar, icon beside text, inline,
under a signal bar, as a table, between rules."""

from __future__ import annotations

from collections.abc import Callable

from eval.layout.manual import Manual, typeset

_SIGNALS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {"danger": ("DANGER",), "warning": ("WARNING",), "caution": ("CAUTION",), "notice": ("NOTICE", "NOTE")},
    "de": {"danger": ("GEFAHR",), "warning": ("WARNUNG",), "caution": ("VORSICHT",), "notice": ("HINWEIS",)},
}
_COLOURS = {"danger": "#c8102e", "warning": "#e87722", "caution": "#ffcd00", "notice": "#0057b8"}
_ICON = '#box(baseline: 30%)[#polygon.regular(fill: rgb("{colour}"), size: 22pt, vertices: 3)]'
FORMS = ("box", "shaded", "bar", "icon", "inline", "signal", "table", "rules")


def put_notice(manual: Manual, level: str = "", form: str = "", paragraphs: int = 1) -> None:
    """A notice at the place reached; `form` defaults to the manual's own."""
    rng, voice = manual.rng, manual.voice
    level = level or rng.choice(("danger", "warning", "warning", "caution", "notice", "notice"))
    form = form or manual.look.notice
    signal = rng.choice(_SIGNALS[voice.language][level])
    texts = [voice.note() if level == "notice" else voice.warning() for _ in range(paragraphs)]
    manual.traits.add(f"notice {form}")
    number = manual.label("notice", level=level)
    manual.put(_FORMS[form](manual, number, level, signal, texts) + "\n")


def put_list_notice(manual: Manual, level: str, n: int) -> None:
    """A notice whose text is a list, in the manual's own form where that can hold one, else in a box."""
    voice = manual.voice
    signal = manual.rng.choice(_SIGNALS[voice.language][level])
    manual.traits.add("notice with a list")
    number = manual.label("notice", level=level)
    items = " ".join(f"#list(marker: [•])[{typeset(voice.warning())}]" for _ in range(n))
    inner = manual.again(number, f"#strong[{signal}] #parbreak() {items}")
    ground = "fill: luma(235), " if manual.look.notice == "shaded" else f'stroke: 1pt + rgb("{_COLOURS[level]}"), '
    manual.put(f"#block({ground}inset: 7pt, width: 100%)[{inner}]\n")


def _body(texts: list[str], before: str = "") -> str:
    return " #parbreak() ".join([before + typeset(texts[0]), *map(typeset, texts[1:])])


def _box(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    inner = manual.again(number, f"#strong[{signal}] #parbreak() {_body(texts)}")
    return f'#block(stroke: 1pt + rgb("{_COLOURS[level]}"), inset: 7pt, width: 100%)[{inner}]'


def _shaded(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    mark = "!" if manual.rng.random() < 0.5 else ""
    inner = manual.again(number, f"#strong[{signal}{mark}] #linebreak() {_body(texts)}")
    return f"#block(fill: luma(232), inset: 7pt, width: 100%)[{inner}]"


def _bar(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    inner = manual.again(number, f"#strong[{signal}] #linebreak() {_body(texts)}")
    return f'#block(stroke: (left: 3pt + rgb("{_COLOURS[level]}")), inset: (left: 9pt, y: 2pt), width: 100%)[{inner}]'


def _icon(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    inner = manual.again(number, f"#strong[{signal}] #parbreak() {_body(texts)}")
    icon = _ICON.format(colour=_COLOURS[level])
    return f"#grid(columns: (34pt, 1fr), align: horizon, [{icon}], [{inner}])"


def _inline(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    word = signal.capitalize() if manual.rng.random() < 0.5 else signal
    return manual.again(number, _body(texts[:1], f"#strong[{word}:] ")) + "\n\n"


def _signal(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    ink = "black" if level == "caution" else "white"
    bar = manual.again(number, f"#strong[{signal}]", ink)
    return (
        f'#block(fill: rgb("{_COLOURS[level]}"), inset: 5pt, width: 100%, below: 0pt, sticky: true)[{bar}]'
        f'#block(stroke: 0.8pt + rgb("{_COLOURS[level]}"), inset: 7pt, width: 100%, above: 0pt)[{manual.again(number, _body(texts))}]'
    )


def _table(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    left, right = manual.again(number, f"#strong[{signal}]"), manual.again(number, _body(texts))
    return f"#table(columns: (70pt, 1fr), stroke: 0.5pt, inset: 6pt, [{left}], [{right}])"


def _rules(manual: Manual, number: int, level: str, signal: str, texts: list[str]) -> str:
    inner = manual.again(number, f"#strong[{signal}] #parbreak() {_body(texts)}")
    return f"#block(stroke: (top: 1pt, bottom: 1pt), inset: (y: 6pt), width: 100%)[{inner}]"


_FORMS: dict[str, Callable[[Manual, int, str, str, list[str]], str]] = {
    "box": _box, "shaded": _shaded, "bar": _bar, "icon": _icon, "inline": _inline, "signal": _signal, "table": _table, "rules": _rules,
}  # fmt: skip
