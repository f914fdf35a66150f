"""How fast documents come in and what memory that takes, beside plain pypdf text and pdfplumber on the same pages in the same run.

    python -m eval.bench_ingest [FOLDER ...] [--json]

Without a folder it reads the sample corpus. Parsing is timed in this process by CPU stage, one PDF after another, and then as an ingest
run does it: in child processes, as many at a time as there are cores, their memory watched. Nothing is published.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pdfplumber
import pypdf
from rich.console import Console
from rich.table import Table

from ingest.chunk import Chunker
from ingest.corpus import Source, read_corpus
from ingest.documents import describe
from ingest.parse import parse
from ingest.parsed import Parsed
from ingest.tesseract import find_ocr
from ingest.worker import parse_in_child
from service import wire
from service.core.settings import Settings, load

SAMPLE = Path(__file__).parent.parent / "corpora" / "sample"
MAX_EMBEDDED = 600  # chunks: enough for a rate, and bounded
COMPARED_PAGES = 150  # pages the slow alternatives read, of whole documents
LONGEST_COMPARED = 80


def measure(folders: Sequence[Path]) -> dict[str, float]:
    """Pages, chunks, and seconds by stage. The "compared" figures are of `compared pages` pages, the same for each alternative."""
    settings = load({})
    sources = [source for source in read_corpus(folders).sources if source.path.suffix.lower() == ".pdf"]
    seconds: defaultdict[str, float] = defaultdict(float)
    parsed: list[Parsed] = []
    own: list[float] = []
    for source in sources:
        with _timed(own):
            parsed.append(parse(source.path, "bench", settings.max_pages, find_ocr(settings)))
        for stage, value in parsed[-1].timings_s.items():
            seconds[f"parse: {stage}"] += value
    n_pages = sum(one.n_pages for one in parsed)
    figures = {"pages": float(n_pages), "parse": sum(own), **seconds}
    figures |= _in_children(sources, settings)
    compared = _compared(parsed)
    figures["compared pages"] = float(sum(parsed[index].n_pages for index in compared))
    figures["compared: evdocs parse"] = sum(own[index] for index in compared)
    for name, read in ALTERNATIVES.items():
        spent: list[float] = []
        for index in compared:
            with _timed(spent):
                read(sources[index].path)
        figures[f"compared: {name}"] = sum(spent)
    return figures | _chunk_and_embed(sources, parsed, settings)


@contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    times.append(time.perf_counter() - started)


def _compared(parsed: Sequence[Parsed]) -> list[int]:
    """Documents of together about `COMPARED_PAGES` pages with a text layer: what the alternatives can read too."""
    chosen: list[int] = []
    n_pages = 0
    for index, one in enumerate(parsed):
        if one.n_pages <= LONGEST_COMPARED and n_pages + one.n_pages <= COMPARED_PAGES and not one.ocr_pages:
            chosen.append(index)
            n_pages += one.n_pages
    return chosen


def _pypdf_text(path: Path) -> None:
    for page in pypdf.PdfReader(path).pages:
        page.extract_text()


def _plumber_words_and_tables(path: Path) -> None:
    with pdfplumber.open(path) as document:
        for page in document.pages:
            page.extract_words()
            page.extract_tables()
            page.close()


ALTERNATIVES: dict[str, Callable[[Path], None]] = {
    "pypdf text": _pypdf_text,
    "pdfplumber words and tables": _plumber_words_and_tables,
}


def _in_children(sources: Sequence[Source], settings: Settings) -> dict[str, float]:
    """Parsing as an ingest run does it: wall seconds, and the peak of the children's resident memory, added up."""
    stop = threading.Event()
    peaks: list[int] = [0]

    def watch() -> None:
        while not stop.wait(0.02):
            peaks[0] = max(peaks[0], sum(map(_resident_bytes, _descendants(os.getpid()))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    with ThreadPoolExecutor(settings.n_cores) as pool:
        list(pool.map(lambda source: parse_in_child(source.path, "bench", settings), sources))
    elapsed = time.perf_counter() - started
    stop.set()
    watcher.join()
    return {"children at a time": settings.n_cores, "parse in children": elapsed, "peak MiB of all children": peaks[0] / 2**20}


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _descendants(child)


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _chunk_and_embed(sources: Sequence[Source], parsed: Sequence[Parsed], settings: Settings) -> dict[str, float]:
    embedder = wire.load_embedder(settings)
    started = time.perf_counter()
    chunks = []
    for source, one in zip(sources, parsed, strict=True):
        _, heading = describe(source.path.name, "", "0" * 64, source.metadata, one, ())
        chunks += Chunker("bench", heading, settings.chunk_tokens, embedder.count_tokens).chunks(one.blocks)
    chunking = time.perf_counter() - started
    texts = [chunk.indexed_text for chunk in chunks[:MAX_EMBEDDED]]
    started = time.perf_counter()
    embedder.embed_passages(texts)
    embedding = (time.perf_counter() - started) * len(chunks) / max(1, len(texts))
    return {"chunks": float(len(chunks)), "chunk": chunking, "embed": embedding}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m eval.bench_ingest")
    parser.add_argument("folders", nargs="*", type=Path, default=[SAMPLE])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    figures = measure(args.folders)
    if args.json:
        print(json.dumps(figures))
        return 0
    console = Console()
    _print(figures, console)
    return 0


def _print(figures: dict[str, float], console: Console) -> None:
    pages, compared = figures["pages"], figures["compared pages"]
    table = Table("stage", "s", "pages/s", title=f"ingest: {pages:.0f} pages, {figures['chunks']:.0f} chunks", header_style="bold")
    for name in [name for name in figures if name.startswith("parse") or name in ("chunk", "embed")]:
        table.add_row(name, f"{figures[name]:.2f}", f"{pages / max(figures[name], 1e-9):.0f}")
    console.print(table)
    ours = figures["compared: evdocs parse"]
    table = Table("reader", "s", "pages/s", "evdocs takes", title=f"the same {compared:.0f} pages, one process each", header_style="bold")
    for name in [name for name in figures if name.startswith("compared: ")]:
        spent = max(figures[name], 1e-9)
        table.add_row(name.removeprefix("compared: "), f"{spent:.2f}", f"{compared / spent:.0f}", f"{ours / spent:.2f} times as long")
    console.print(table)
    console.print(
        f"In children, {figures['children at a time']:.0f} at a time: {pages / figures['parse in children']:.0f} pages/s, "
        f"at most {figures['peak MiB of all children']:.0f} MiB resident in all of them together."
    )


if __name__ == "__main__":
    sys.exit(main())
