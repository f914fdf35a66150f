"""Page numbers in words: (3, 4, 5, 9) -> "pages 3-5, 9". Must not know what a page holds."""

from __future__ import annotations

from collections.abc import Iterable


def ranges(pages: Iterable[int]) -> str:
    """(3, 4, 5, 9) -> "3-5, 9"."""
    runs: list[list[int]] = []
    for page in sorted(pages):
        if runs and page <= runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def named(pages: Iterable[int]) -> str:
    """(3,) -> "page 3", (3, 4) -> "pages 3-4"."""
    numbers = set(pages)
    return f"page{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"
