"""What an ingest run did, a row a file: as a table for people, as JSON for machines, as an exit code for scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.core.pages import ranges

Status = Literal["indexed", "unchanged", "duplicate", "failed", "removed"]
_STYLE = {"indexed": "green", "unchanged": "dim", "duplicate": "dim", "failed": "bold red", "removed": "yellow"}


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: `error` is set where it failed, `document_id` where it is indexed. `ocr_pages` were read by OCR, `empty_pages` could not
    be read."""

    file: str
    status: Status
    document_id: str = ""
    pages: int = 0
    chunks: int = 0
    empty_pages: tuple[int, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `build_id` is the published build, "" where nothing is published; `changed` says whether this run published it."""

    files: tuple[FileReport, ...]
    build_id: str
    changed: bool
    n_documents: int
    n_chunks: int
    seconds: float
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 all files are in the index; 1 some failed; 2 none came in."""
        if any(file.status in ("indexed", "unchanged", "duplicate") for file in self.files):
            return 1 if any(file.status == "failed" for file in self.files) else 0
        return 0 if self.files and all(file.status == "removed" for file in self.files) else 2

    def to_plain(self) -> dict[str, Any]:
        """JSON values, the exit code among them."""
        return {**asdict(self), "exit_code": self.exit_code}


def print_report(report: Report, console: Console) -> None:
    """The report as a table, then the warnings and errors in full, then one line of totals."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("file", "left"),
        ("status", "left"),
        ("pages", "right"),
        ("chunks", "right"),
        ("by OCR", "left"),
        ("unreadable", "left"),
        ("s", "right"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for file in report.files:
        table.add_row(
            Text(file.file), Text(file.status, style=_STYLE[file.status]), str(file.pages or ""), str(file.chunks or ""),
            ranges(file.ocr_pages), ranges(file.empty_pages), f"{file.seconds:.1f}" if file.seconds else "",
        )  # fmt: skip
    if report.files:
        console.print(table)
    for file in report.files:
        for warning in file.warnings:
            console.print(Text(f"  {file.file}: {warning}", style="yellow"))
        if file.error:
            console.print(Text(f"  {file.file}: {file.error}", style="red"))
    what = (
        f"published build {report.build_id}"
        if report.changed and report.build_id
        else "nothing to do"
        if not report.changed
        else "the index is empty now"
    )
    console.print(f"{report.n_documents} documents, {report.n_chunks} chunks; {what}; {report.seconds:.1f} s")
