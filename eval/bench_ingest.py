"""How fast documents come in: pages a second by stage, beside plain pypdf text extraction of the same pages in the same run.

    python -m eval.bench_ingest [FOLDER ...] [--json]

Without a folder it reads the sample corpus. Parsing is timed in this process, one file after another; nothing is published.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pypdf
from rich.console import Console
from rich.table import Table

from ingest.chunk import Chunker
from ingest.corpus import read_corpus
from ingest.documents import describe
from ingest.pdf.read import parse_pdf
from service import wire
from service.core.settings import load

SAMPLE = Path(__file__).parent.parent / "corpora" / "sample"
MAX_EMBEDDED = 600  # chunks: enough for a rate, and bounded


def measure(folders: Sequence[Path]) -> dict[str, float]:
    """Pages, chunks and seconds by stage; "pypdf text" is the named alternative to the whole of parsing."""
    settings = load({})
    embedder = wire.load_embedder(settings)
    seconds: defaultdict[str, float] = defaultdict(float)
    chunks = []
    n_pages = 0
    for source in read_corpus(folders).sources:
        started = time.perf_counter()
        parsed = parse_pdf(source.path, "bench", settings.max_pages)
        seconds["parse"] += time.perf_counter() - started
        for stage, value in parsed.timings_s.items():
            seconds[f"parse: {stage}"] += value
        n_pages += parsed.n_pages
        started = time.perf_counter()
        _, heading = describe(source.path.name, "", "0" * 64, source.metadata, parsed, ())
        chunks += Chunker("bench", heading, settings.chunk_tokens, embedder.count_tokens).chunks(parsed.blocks)
        seconds["chunk"] += time.perf_counter() - started
        started = time.perf_counter()
        for page in pypdf.PdfReader(source.path).pages:
            page.extract_text()
        seconds["pypdf text"] += time.perf_counter() - started
    texts = [chunk.indexed_text for chunk in chunks[:MAX_EMBEDDED]]
    started = time.perf_counter()
    embedder.embed_passages(texts)
    seconds["embed"] = (time.perf_counter() - started) * len(chunks) / max(1, len(texts))
    return {"pages": n_pages, "chunks": len(chunks), **seconds}


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
    table = Table(
        "stage", "s", "pages/s", title=f"ingest: {figures['pages']:.0f} pages, {figures['chunks']:.0f} chunks", header_style="bold"
    )
    for stage in [name for name in figures if name not in ("pages", "chunks")]:
        table.add_row(stage, f"{figures[stage]:.2f}", f"{figures['pages'] / max(figures[stage], 1e-9):.0f}")
    console = Console()
    console.print(table)
    console.print(f"parsing takes {figures['parse'] / figures['pypdf text']:.2f} times as long as plain pypdf text extraction")
    return 0


if __name__ == "__main__":
    sys.exit(main())
