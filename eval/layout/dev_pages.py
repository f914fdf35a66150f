"""Pages of the dev set labelled by kind and box only: labels and PDFs in, a `Report` out, or the reason why there is none.

The labels (`dev_pages.jsonl`, one page a line) name a PDF by its sha256 and hold no text of it: {"sha256", "page", "width", "height",
"regions": [{"kind", "box", "order", "level"?, "parent"?}]}. Words come from the PDF itself; a word belongs to the smallest region that
holds its centre.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

from eval.layout.run import Report, scored
from eval.layout.tally import Score
from eval.layout.truth import LABELS, LabelledDocument, LabelledPage, Region, Word
from eval.layout.words import page_words

LABEL_FILE = Path(__file__).with_name("dev_pages.jsonl")
DEV_FOLDER = Path("..") / "shared" / "dev" / "pdf"


class LabelError(ValueError):
    """A label file cannot be used; the text names the line."""


def dev_report(folder: Path | None, workers: int = 2, labels: Path = LABEL_FILE) -> Report | str:
    """Scores of the labelled real pages, or why they are skipped. Raises LabelError."""
    folder = folder or DEV_FOLDER
    if not folder.is_dir():
        return f"{folder} is no folder"
    if not labels.is_file():
        return f"no {labels.name}"
    by_file = load_labels(labels)
    started = time.perf_counter()
    files = {sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.glob("*.pdf"))}
    jobs = [(files[name], pages) for name, pages in by_file.items() if name in files]
    if not jobs:
        return f"{folder} holds none of the labelled files"
    report = Report("labelled real pages", folder=str(folder))
    report.failed += [f"{name[:12]}…: not in {folder}" for name in by_file if name not in files]
    with ProcessPoolExecutor(max(1, workers)) as pool:
        for score, n_pages, failure in pool.map(_one, jobs):
            report.score.add(score)
            report.n_pages += n_pages
            report.n_documents += 1
            report.failed += [failure] if failure else []
    report.seconds = time.perf_counter() - started
    return report


def load_labels(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Pages by the sha256 of their file. Raises LabelError."""
    pages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            page = json.loads(line)
            for region in page["regions"]:
                if region["kind"] not in LABELS or len(region["box"]) != 4:
                    raise LabelError(f"{path.name}:{number}: no such region: {region}")
            pages[page["sha256"]].append(page)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise LabelError(f"{path.name}:{number}: {type(error).__name__} {error}") from error
    return dict(pages)


def _one(job: tuple[Path, list[dict[str, Any]]]) -> tuple[Score, int, str]:
    path, pages = job
    return scored(path, labelled(path, pages))


def labelled(path: Path, pages: Sequence[Mapping[str, Any]]) -> LabelledDocument:
    """The labels with the words of the file."""
    opened = pdfium.PdfDocument(path)
    made = []
    try:
        for page in pages:
            width, height, words = page_words(opened[page["page"] - 1])
            made.append(LabelledPage(page["page"], width, height, tuple(words), tuple(regions_of(words, page["regions"]))))
    finally:
        opened.close()
    return LabelledDocument(path.name, "", tuple(made))


def regions_of(words: Sequence[Word], labels: Sequence[Mapping[str, Any]]) -> list[Region]:
    """Every label as a region, in the order of the file, each with the words for which it is the smallest around them."""
    boxes = [label["box"] for label in labels]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in boxes]
    own: dict[int, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        around = [number for number, box in enumerate(boxes) if box[0] <= x <= box[2] and box[1] <= y <= box[3]]
        if around:
            own[min(around, key=lambda number: areas[number])].append(index)
    regions = []
    for number, label in enumerate(labels):
        parent = label.get("parent")
        order = None if label["kind"] in ("furniture", "contents") else label.get("order")
        region = Region(label["kind"], tuple(label["box"]), tuple(own[number]), order, label.get("level") or "")
        regions.append(replace(region, parent=-1 if parent is None else parent))
    return regions
