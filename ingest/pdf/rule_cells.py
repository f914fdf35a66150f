"""Ruling lines -> the cells they close.

In: pdfplumber's edges, near ones joined. Out: cell boxes: for every crossing of a level and an upright rule the smallest rectangle to the
right and below whose four corners are crossings of its own four rules. What pdfplumber's `intersections_to_cells` does, without comparing
every crossing with every other. Must not know about words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.core.types import Box

Edges = list[dict[str, Any]]
"""pdfplumber's edges: x0, x1, top, bottom, orientation "h" or "v"."""

MAX_CROSSINGS = 4000
MAX_PAIRS = 400_000
_REACH_PT = 3.0


def closed_cells(edges: Edges) -> list[Box]:
    """The cells, top to bottom and left to right; none where there are more crossings than a table has."""
    upright = sorted((edge for edge in edges if edge["orientation"] == "v"), key=lambda edge: (edge["x0"], edge["top"]))
    level = sorted((edge for edge in edges if edge["orientation"] == "h"), key=lambda edge: (edge["top"], edge["x0"]))
    if len(upright) < 2 or len(level) < 2 or len(upright) * len(level) > MAX_PAIRS:
        return []
    crossed = [[j for j, rule in enumerate(level) if _cross(side, rule)] for side in upright]
    if sum(map(len, crossed)) > MAX_CROSSINGS:
        return []
    across: list[list[int]] = [[] for _ in level]
    for i, own in enumerate(crossed):
        for j in own:
            across[j].append(i)
    touching = [set(own) for own in crossed]
    cells: list[Box] = []
    for j, rule in enumerate(level):
        for place, i in enumerate(across[j]):
            below = [k for k in crossed[i] if level[k]["top"] > rule["top"]]
            right = [k for k in across[j][place + 1 :] if upright[k]["x0"] > upright[i]["x0"]]
            corner = _corner(below, right, touching)
            if corner:
                cells.append((upright[i]["x0"], rule["top"], upright[corner[1]]["x0"], level[corner[0]]["top"]))
    return cells


def _cross(side: dict[str, Any], rule: dict[str, Any]) -> bool:
    return bool(
        side["top"] - _REACH_PT <= rule["top"] <= side["bottom"] + _REACH_PT
        and rule["x0"] - _REACH_PT <= side["x0"] <= rule["x1"] + _REACH_PT
    )


def _corner(below: Sequence[int], right: Sequence[int], touching: Sequence[set[int]]) -> tuple[int, int] | None:
    """The nearest level rule below and upright one to the right that cross each other."""
    for k in below:
        for i in right:
            if k in touching[i]:
                return k, i
    return None
