"""The layout set, made and scored: every document generated, parsed and held against its labels -> figures, worst pages.

In: a seed, a number of processes, perhaps a folder of labelled real pages. Out: `Report`s. Parsing runs in worker processes of this run,
not under the limits of an ingest: these files are our own.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from eval.layout.generate import make, names
from eval.layout.score import score_document
from eval.layout.tally import Fault, Score, figures
from eval.layout.truth import LabelledDocument
from ingest.pdf.read import parse_pdf

MAX_PAGES = 500


@dataclass
class Report:
    """The scores of one set of documents. `n_documents` and `n_pages` are what was scored; `failed` says what could not be."""

    name: str
    score: Score = field(default_factory=Score)
    n_documents: int = 0
    n_pages: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)
    folder: str = ""


def generated(seed: int, folder: Path, workers: int = 2, families: Sequence[str] = ()) -> Report:
    """Make, parse and score a split; the PDFs are left in `folder`."""
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(f"generated, seed {seed}", folder=str(folder))
    jobs = [(family, seed, number, folder) for family, number in names() if not families or family in families]
    for score, n_pages, failure in _mapped(jobs, workers):
        report.score.add(score)
        report.n_pages += n_pages
        report.n_documents += not failure
        report.failed += [failure] if failure else []
    report.seconds = time.perf_counter() - started
    return report


def _mapped(jobs: Sequence[tuple[str, int, int, Path]], workers: int) -> Iterator[tuple[Score, int, str]]:
    if workers <= 1:
        yield from map(_one, jobs)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_one, jobs, chunksize=2)


def _one(job: tuple[str, int, int, Path]) -> tuple[Score, int, str]:
    """One document: its score, its pages, and what failed ("" if nothing)."""
    family, seed, number, folder = job
    content, document = make(family, seed, number)
    path = folder / document.file
    path.write_bytes(content)
    return scored(path, document)


def scored(path: Path, document: LabelledDocument) -> tuple[Score, int, str]:
    """The PDF parsed and held against its labels: its score, its pages, and what failed ("" if nothing)."""
    try:
        blocks = parse_pdf(path, "d", MAX_PAGES).blocks
        return score_document(document, blocks), len(document.pages), ""
    except Exception as error:  # noqa: BLE001 - a parser that breaks on one file is that file's score, all of it missed
        return score_document(document, ()), len(document.pages), f"{document.file}: {type(error).__name__} {error}"


def worst_pages(faults: Sequence[Fault], n: int) -> list[tuple[str, int, float, list[Fault]]]:
    """The pages with the heaviest faults: (file, page, weight, faults)."""
    pages: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for fault in faults:
        pages[fault.file, fault.page].append(fault)
    ranked = sorted(pages.items(), key=lambda entry: -sum(fault.weight for fault in entry[1]))
    return [(file, page, sum(fault.weight for fault in own), own) for (file, page), own in ranked[:n]]


def fault_classes(faults: Sequence[Fault]) -> list[tuple[str, int, Fault]]:
    """(what, how often, the heaviest example), most frequent first."""
    counts: Counter[str] = Counter()
    examples: dict[str, Fault] = {}
    for fault in faults:
        counts[fault.what] += 1
        if fault.what not in examples or fault.weight > examples[fault.what].weight:
            examples[fault.what] = fault
    return [(what, n, examples[what]) for what, n in counts.most_common()]


def report_to_plain(report: Report) -> dict[str, object]:
    """One JSON record."""
    return {
        "set": report.name,
        "documents": report.n_documents,
        "pages": report.n_pages,
        "seconds": round(report.seconds, 2),
        "failed": report.failed,
        "figures": [
            {"name": figure.name.strip(), "value": figure.value, "n": figure.n, "target": figure.target, "met": figure.met}
            for figure in figures(report.score.counts)
        ],
        "faults": [{"file": fault.file, "page": fault.page, "what": fault.what, "detail": fault.detail} for fault in report.score.faults],
    }


def default_folder(seed: int) -> Path:
    """Where a split's PDFs go: the same place every time, so that a fault's page can be looked at."""
    return Path(tempfile.gettempdir()) / "evdocs-layout" / str(seed)
