"""`evdocs ingest` and `evdocs docs`: arguments in, a report on the terminal or as JSON out, an exit code back."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.core.catalogue import Entry, find_entry
from service.core.codec import to_plain
from service.core.errors import InvalidRequest
from service.core.pages import named
from service.core.settings import Settings, load
from service.core.types import Document


def register(subparsers: Any) -> None:
    """Add the commands of this package to the command line."""
    parser = subparsers.add_parser("ingest", help="index files, folders or a corpus.toml")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    _common(parser)
    parser.set_defaults(run=_ingest)
    docs = subparsers.add_parser("docs", help="what is indexed").add_subparsers(
        dest="docs_command", required=True, metavar="list|show|set|remove"
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
        if handler is _show:
            sub.add_argument("--page", type=int, metavar="N", help="list the blocks of physical page N")
            sub.add_argument("--layout", action="store_true", help="with --page: draw the page with its blocks as a PNG")
            sub.add_argument("--out", type=Path, metavar="FILE.png", help="with --layout: where the picture goes (default: here)")
            sub.add_argument("--tables", action="store_true", help="with --page: print its tables as Markdown")
    setting = docs.add_parser("set", help="correct by hand what is known of one document")
    setting.add_argument("document", metavar="ID", help="document id, its first digits, or file name")
    setting.add_argument(
        "assignments", nargs="*", metavar="FIELD=VALUE",
        help="title, manufacturer, product (A,B), doc_type, revision, date, language, family; an empty value says there is none",
    )  # fmt: skip
    setting.add_argument("--clear", action="append", default=[], metavar="FIELD", help="take the correction of this field back")
    _common(setting)
    setting.set_defaults(run=_set)

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
        health = [f"{named(document.empty_pages)} unreadable"] if document.empty_pages else []
        health += [f"{named(document.ocr_pages)} by OCR"] if document.ocr_pages else []
        health += [f"{len(document.warnings)} warnings"] if document.warnings else []
        cells = (
            document.document_id,
            document.file,
            document.title,
            f"{document.revision} (superseded)".strip() if document.superseded_by else document.revision,
            str(document.n_pages),
            str(document.n_chunks),
            "; ".join(health) or "good",
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table if entries else "Nothing is indexed. Run `evdocs ingest PATH`.")
    return 0


def _show(args: argparse.Namespace) -> int:
    from ingest.run import published

    settings = load(home=args.home)
    entry = find_entry(published(settings.home), args.document)
    if args.page is not None:
        return _show_page(args, entry, settings)
    if args.layout or args.tables or args.out:
        raise InvalidRequest("Give a page: --page N.")
    return _print_document(entry.document, args.json)


def _show_page(args: argparse.Namespace, entry: Entry, settings: Settings) -> int:
    """One page's blocks as parsing made them, its tables, and a picture of both."""
    from ingest import show

    shown = show.shown_page(entry, args.page, settings)
    if args.json:
        print(json.dumps(show.plain_blocks(shown), ensure_ascii=False))
    elif args.tables:
        print("\n\n".join(show.tables_as_markdown(shown)) or f"{shown.place}: no table.")
    else:
        show.list_blocks(shown, Console())
    if args.layout:
        out = args.out or show.picture_name(entry.document, args.page)
        show.draw_layout(shown, settings.home, out)
        Console(stderr=True, highlight=False).print(Text(f"{shown.place} drawn to {out}"))
    return 0


def _set(args: argparse.Namespace) -> int:
    from ingest.progress import Progress
    from ingest.run import published, set_fields

    if not args.assignments and not args.clear:
        raise InvalidRequest("Nothing to correct: give field=value or --clear field.")
    settings = load(home=args.home)
    set_fields(args.document, args.assignments, args.clear, settings, Progress(Console(stderr=True)))
    return _print_document(find_entry(published(settings.home), args.document).document, args.json)


def _print_document(document: Document, as_json: bool) -> int:
    """Every field with where it was taken from, and how sure that is."""
    plain = _public(document)
    if as_json:
        print(json.dumps(plain, ensure_ascii=False))
        return 0
    console = Console()
    sources = {origin.field: f"   ({origin.source}, {origin.confidence:g})" for origin in document.origins}
    for name, value in plain.items():
        if name == "origins":
            continue
        source = sources.get(name, "")
        if name == "page_labels":
            value = f"{sum(bool(label) for label in document.page_labels)} of {document.n_pages} pages"
        if name in ("empty_pages", "ocr_pages") and value:
            name, value = ("unreadable" if name == "empty_pages" else "read by OCR"), named(value)
        if value not in ("", [], None):
            console.print(
                Text(f"{name:>14}  ", style="bold")
                + Text(", ".join(map(str, value)) if isinstance(value, list) else str(value))
                + Text(source, style="dim")
            )
    return 0


def _public(document: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in to_plain(document).items()}
