"""Table cells in, texts out: a row as a self-contained sentence, a table as Markdown, the unit a head or a value names.

Pure functions over cells; they must not know how a table was found. Head words and values are copied as they stand: what is added is
punctuation, the caption's label, and the unit of a head or of a unit column behind a bare number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.core.types import Block, Cell, Chunk

PATH = " / "
"""Joins the heads above a column, outermost first: "Torque / Max"."""

_UNIT = (
    r"(?:[kKmMµμnpcGT]?(?:V|A|W|Wh|Ah|VA|VAr|var|Ω|Ω|F|H|Hz|s|m|g|Pa|N|J|C|bit|byte|B|bps|bar|l|L|T|S)(?:DC|AC|dc|ac|rms|RMS|pp)?"
    r"|[kKmM]?[oO]hms?|[NM]?N[·⋅∙*\-. ]?m|ft[·⋅\-. ]?lbs?|lbf?[·⋅\-. ]?(?:ft|in)|in[·⋅\-. ]?lbs?|lbs?|oz|in|inch(?:es)?|ft|mil|rpm|RPM|U"
    r"|psi|h|hr|hrs|hours?|min|sec|seconds?|minutes?|days?|weeks?|months?|years?|volts?|amps?|amperes?|watts?|bits?|bytes?|k?baud|[kM]?bit"
    r"|[kM]bps|°\s?[CFK]?|℃|℉|K|deg|degrees?|%|‰|ppm|dB[mVA]?|LSB|cycles?|pcs|AWG|AC|DC|伏|安|瓦|秒|分钟|小时|毫米|千克|欧姆)"
)
_POWER = r"(?:[²³]|(?<=m)[23]|\^-?\d|\s?[-⁻−][1¹])?"
_UNIT_TEXT = rf"(?:1\s?/\s?)?{_UNIT}{_POWER}(?:\s?[/·⋅*×]\s?{_UNIT}{_POWER})*(?:\s?(?:DC|AC|dc|ac|rms|RMS))?"
_IS_UNIT = re.compile(rf"[(\[]?\s*({_UNIT_TEXT})\s*[)\]]?")
_IN_BRACKETS = rf"[(\[]\s*(?P<a>{_UNIT_TEXT})\s*[)\]]"
_HEAD_UNIT = re.compile(rf"(?P<head>.*?\S)\s*(?:{_IN_BRACKETS}|\s[iI]n\s(?P<b>{_UNIT_TEXT})|(?:,| /)\s(?P<c>{_UNIT_TEXT}))")
_SPLIT_UNIT = re.compile(rf"(?P<a>.*?\S)\s*[(\[]\s*(?P<unit>{_UNIT_TEXT})\s*[)\]]\s*(?P<b>/\s.*\S)")
_NUMBER = r"(?:[<>≤≥≈~±+\-–−]|\+/-|\+-)?\s?(?:\d[\d\s]*(?:[.,']\d+)*|\.\d+)"
_BARE = re.compile(rf"{_NUMBER}(?:\s?(?:-|–|−|\.\.\.?|…|~|to|bis|/|,|;|±|\+/-|x|×)\s?{_NUMBER})*")
_UNIT_HEADS = frozenset(("unit", "units", "einheit", "einheiten", "einh.", "unité", "unités", "unidad", "unità", "uom", "单位", "單位"))
_PLAIN = """
value values description meaning function rating data details detail content contents definition explanation specification wert werte
beschreibung bedeutung funktion angabe angaben inhalt valeur valor valore 值 数值 描述 说明 含义 内容 参数值 规格
"""
_PLAIN_HEADS = frozenset(_PLAIN.split())
_NAMES = """
symbol sign name abbreviation designation zeichen formelzeichen kurzzeichen bezeichnung kürzel symbole símbolo simbolo 符号 名称
"""
_NAME_HEADS = frozenset(_NAMES.split())
_LABEL = re.compile(r"(?i)^((?:table|tab\.?|tabelle|tableau|tabla|tabella)\s*[A-Z]?\d[\w.\-–]*|表\s*\d[\d.\-–]*)")
_WORD = re.compile(r"[^\W\d_]{4,}|[a-zäöüß]{2,}|[\u2e80-\u9fff]{2,}")
_TAIL = re.compile(r"\s*[:：]?(?:(?:\s*[.·…_]){2,}|\s*…)?\s*[:：]?\s*$")
_MAX_CAPTION = 60


def is_unit(text: str) -> bool:
    """The whole text is a unit of measure, perhaps in brackets: "Nm", "[V]", "°C/W"."""
    return bool(_IS_UNIT.fullmatch(text.strip()))


def split_unit(head: str) -> tuple[str, str]:
    """(head without its unit, unit): "Torque [Nm]", "Torque (Nm)", "Torque in Nm", "Torque, Nm" and "Torque / Nm" -> ("Torque", "Nm"), and
    "Torque (Nm) / Max" -> ("Torque / Max", "Nm"); (head, "") where it names none."""
    match = _HEAD_UNIT.fullmatch(head)
    if match:
        return match["head"].removesuffix("/").rstrip(), match["a"] or match["b"] or match["c"]
    match = _SPLIT_UNIT.fullmatch(head)
    return (f"{match['a']} {match['b']}", match["unit"]) if match else (head, "")


def statement(cells: Sequence[tuple[str, str]], caption: str = "", group: str = "", n_subject: int = 1) -> str:
    """A row's (column head, text) pairs, left to right -> "Power terminal screws (Table 4-2): Size M8, Torque 7 Nm".

    `group` is the sub-head above the row; the first `n_subject` cells with text are what the row is about. Cells without text are left
    out, and so is a unit column whose unit went behind the row's numbers. "" for a row without text.
    """
    filled = [(_clean(head), _clean(text)) for head, text in cells if _clean(text)]
    if not filled:
        return ""
    n_subject = _n_subject(filled, n_subject)
    heads = [head for head, _ in filled]
    subject = _subject(filled[:n_subject], {head for head in heads if heads.count(head) > 1})
    label = _label(caption)
    opening = ", ".join(part for part in (_clean(group), subject) if part) + (f" ({label})" if label else "")
    said = _said(filled[n_subject:])
    return f"{opening}: {said}" if said else opening


def without_tail(text: str) -> str:
    """A key without the leaders and the colon that part it from its value: "Max. voltage ......" -> "Max. voltage"; "Part No. :" -> "Part
    No.". What consists of them only stays."""
    return _TAIL.sub("", text, count=1) or text


def _clean(text: str) -> str:
    text = without_tail(" ".join(text.split()))
    return text[:-1] if text.endswith(".") and len(text.split()) > 3 else text


def _n_subject(cells: Sequence[tuple[str, str]], n_subject: int) -> int:
    """Symbol and name stand together ("VDD", "Supply voltage"): the next cell belongs to the subject where its head says so, or is the
    same head, or where only the columns behind it have heads. Something is left to say."""
    if n_subject >= len(cells):
        return max(1, len(cells) - 1) if len(cells) > 1 else 1
    (first, text), following = cells[n_subject - 1], cells[n_subject]
    later = [head for head, _ in cells[n_subject + 1 :]]
    joins = following[0] == first and any(head and head != first for head in later)
    joins = joins or following[0].casefold() in _NAME_HEADS or first.casefold() in _NAME_HEADS or (not first and len(text) <= 24)
    joins = joins and not _BARE.fullmatch(following[1])
    return n_subject + 1 if later and joins and len(following[1]) <= 60 else n_subject


def _subject(cells: Sequence[tuple[str, str]], shared: set[str]) -> str:
    """The cells' texts; a bare number or code goes with its head ("Pin 11"), unless that stands over several cells."""
    said = ""
    for index, (head, text) in enumerate(cells):
        named = head and not _WORD.search(text) and len(text) <= 24 and head.casefold() not in text.casefold()
        named = named and head.casefold() not in _NAME_HEADS and head not in shared
        before = cells[index - 1] if index else ("", "")
        together = before[0] == head or not before[0] or head.casefold() in _NAME_HEADS or before[0].casefold() in _NAME_HEADS
        said += ("" if not index else " " if together else ", ") + (f"{head} {text}" if named else text)
    return said


def _label(caption: str) -> str:
    match = _LABEL.match(caption.strip())
    if match:
        return match.group(1).rstrip(".-–")
    caption = _clean(caption)
    return caption if len(caption) <= _MAX_CAPTION else ""


def _said(cells: Sequence[tuple[str, str]]) -> str:
    units = [text for head, text in cells if head.casefold() in _UNIT_HEADS]
    unit = units[0] if len(units) == 1 and is_unit(units[0]) else ""
    values = [(head, text) for head, text in cells if not unit or head.casefold() not in _UNIT_HEADS]
    if unit and not any(_BARE.fullmatch(text) and not split_unit(head)[1] for head, text in values):
        values, unit = list(cells), ""
    before = ["", *(head for head, _ in values)]
    pairs = [
        _pair("" if head == above and not split_unit(head)[1] else head, text, unit, len(values) == 1)
        for (head, text), above in zip(values, before, strict=False)
    ]
    return ("; " if any("," in pair or ": " in pair for pair in pairs) else ", ").join(pairs)


def _pair(head: str, text: str, unit: str, alone: bool) -> str:
    name, own = split_unit(head)
    if _BARE.fullmatch(text) and (own or unit):
        head, text = name, f"{text} {own or unit}"
    elif own and re.search(rf"\d\s?{re.escape(own)}(?!\w)", text):
        head = name
    if not head or (alone and head.casefold() in _PLAIN_HEADS) or text.casefold().startswith(f"{head.casefold()} "):
        return text
    short = len(text) <= 24 and (len(text.split()) == 1 or text[:1].isdigit() or text[:1] in "<>≤≥±+-–−")
    short = short and not (head[-1:].isdigit() and text[:1].isdigit())  # "Rating HVB-4 800 A" reads like 4 800 A
    return f"{head} {text}" if short else f"{head}: {text}"


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row as Markdown needs it: (first column, columns spanned, head, text) of each cell with text. `is_head`: a head row."""

    is_head: bool
    cells: tuple[tuple[int, int, str, str], ...]


def rows_of_blocks(blocks: Sequence[Block]) -> list[GridRow]:
    """The `table` and `table_row` blocks among these, which should be of one group, as rows."""
    return [_row(block.kind == "table", block.cells, block.text) for block in blocks if block.kind in ("table", "table_row")]


def rows_of_chunks(chunks: Sequence[Chunk]) -> list[GridRow]:
    """The table rows of chunks of one group, in order; a head that is repeated in each chunk comes once."""
    rows: list[GridRow] = []
    for chunk in chunks:
        own = [(part, chunk.text) for part in chunk.parts if part.kind in ("table", "table_row")]
        rows += [_row(part.kind == "table", part.cells, text) for part, text in own]
    heads = list(dict.fromkeys(row for row in rows if row.is_head))
    return [*heads, *(row for row in rows if not row.is_head)]


def _row(is_head: bool, cells: Sequence[Cell], text: str) -> GridRow:
    return GridRow(is_head, tuple((cell.column, cell.span, cell.head, text[cell.start : cell.end]) for cell in cells))


def markdown(rows: Sequence[GridRow]) -> str:
    """A pipe table: the heads as one row, the path of heads over each column; then the body, a cell over several columns in its first; a
    sub-head over the whole width in bold. "" for no rows."""
    body = [row for row in rows if not row.is_head and row.cells]
    n_columns = max((column + span for row in rows for column, span, _, _ in row.cells), default=0)
    if not body or not n_columns:
        return ""
    heads = _markdown_heads([row for row in rows if row.is_head], body, n_columns)
    lines = [heads, ["---"] * n_columns]
    for row in body:
        line = [""] * n_columns
        for column, _, _, text in row.cells:
            line[column] = f"{line[column]} {_escaped(text)}".strip()
        if len(row.cells) == 1 and row.cells[0][1] == n_columns > 1:
            line[0] = f"**{line[0]}**"
        lines.append(line)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_heads(head_rows: Sequence[GridRow], body: Sequence[GridRow], n_columns: int) -> list[str]:
    """Each column's head: as its body cells carry it, else as the head rows have it above."""
    heads = [""] * n_columns
    for row in body:
        for column, span, head, _ in row.cells:
            if span == 1 and head and not heads[column]:
                heads[column] = head
    for column in range(n_columns):
        if not heads[column]:
            above = [text for row in head_rows for first, span, _, text in row.cells if first <= column < first + span < first + n_columns]
            heads[column] = PATH.join(dict.fromkeys(above))
    return [_escaped(head) for head in heads]


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
