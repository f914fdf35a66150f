"""`evdocs ingest` and `evdocs docs`: arguments in, a report on the terminal or as JSON out, an exit code back."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.core.catalogue import find_entry
from service.core.codec import to_plain
from service.core.settings import load


def register(subparsers: Any) -> None:
    """Add the commands of this package to the command line."""
    parser = subparsers.add_parser("ingest", help="index files, folders or a corpus.toml")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    _common(parser)
    parser.set_defaults(run=_ingest)
    docs = subparsers.add_parser("docs", help="what is indexed").add_subparsers(
        dest="docs_command", required=True, metavar="list|show|remove"
    )
    listing = docs.add_parser("list", help="every document: title, revision, pages, chunks, parse health")
    _common(listing)
    listing.set_defaults(run=_list)
    show = docs.add_parser("show", help="one document")
    removal = docs.add_parser("remove", help="take one document out of the index")
    for sub, handler in ((show, _show), (removal, _remove)):
        sub.add_argument("document", metavar="ID", help="document id, its first digits, or file name")
        _common(sub)
        sub.set_defaults(run=handler)

    corpus = subparsers.add_parser("corpus", help="public manuals").add_subparsers(dest="corpus_command", required=True, metavar="fetch")
    fetching = corpus.add_parser("fetch", help="download the manuals a list names, for `evdocs ingest`; needs the internet")
    fetching.add_argument("listing", nargs="?", type=Path, default=Path("corpora/public.toml"), help="default: corpora/public.toml")
    fetching.add_argument("--to", type=Path, default=Path("corpora/public"), help="folder for the files (default: corpora/public)")
    fetching.set_defaults(run=_fetch)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _fetch(args: argparse.Namespace) -> int:
    from ingest.fetch import fetch

    console = Console(highlight=False)
    failed = 0
    for item in fetch(args.listing, args.to, load()):
        failed += bool(item.error)
        said = Text(item.error, style="red") if item.error else Text(_state(item), style="green")
        console.print(Text(f"{item.title}: ") + said)
    console.print(f"Next: evdocs ingest {args.to}")
    return 1 if failed else 0


def _state(item: Any) -> str:
    return "open this page yourself" if item.path is None else "fetched" if item.fresh else "there already"


def _ingest(args: argparse.Namespace) -> int:
    from ingest.run import ingest

    return _report(args, lambda settings, progress: ingest(args.paths, settings, progress))


def _remove(args: argparse.Namespace) -> int:
    from ingest.run import remove

    return _report(args, lambda settings, progress: remove(args.document, settings, progress))


def _report(args: argparse.Namespace, work: Any) -> int:
    from ingest.progress import Progress
    from ingest.report import print_report

    report = work(load(home=args.home), Progress(Console(stderr=True)))
    if args.json:
        print(json.dumps(report.to_plain(), ensure_ascii=False))
    else:
        print_report(report, Console())
    return int(report.exit_code)


def _list(args: argparse.Namespace) -> int:
    from ingest.report import ranges
    from ingest.run import published

    entries = published(load(home=args.home).home)
    if args.json:
        print(json.dumps([_public(entry.document) for entry in entries], ensure_ascii=False))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "file", "title", "revision", "pages", "chunks", "health"):
        table.add_column(name, overflow="fold", justify="right" if name in ("pages", "chunks") else "left")
    for entry in entries:
        document = entry.document
        health = [f"no text on page {ranges(document.empty_pages)}"] if document.empty_pages else []
        health += [f"{len(document.warnings)} warnings"] if document.warnings else []
        cells = (
            document.document_id,
            document.file,
            document.title,
            document.revision,
            str(document.n_pages),
            str(document.n_chunks),
            "; ".join(health) or "good",
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table if entries else "Nothing is indexed. Run `evdocs ingest PATH`.")
    return 0


def _show(args: argparse.Namespace) -> int:
    from ingest.run import published

    document = find_entry(published(load(home=args.home).home), args.document).document
    plain = _public(document)
    if args.json:
        print(json.dumps(plain, ensure_ascii=False))
        return 0
    console = Console()
    for name, value in plain.items():
        if name == "page_labels":
            value = f"{sum(bool(label) for label in document.page_labels)} of {document.n_pages} pages"
        if value not in ("", [], None):
            console.print(Text(f"{name:>14}  ", style="bold") + Text(", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return 0


def _public(document: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in to_plain(document).items()}
