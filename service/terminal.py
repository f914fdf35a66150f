"""Answers, hits and settings on a terminal. In: the HTTP API's objects. Text of documents is printed as text, never as markup."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from service.core.settings import Settings, environment_name
from service.degraded import PARTS

_LEVEL = {"danger": "bold white on red", "warning": "bold black on bright_yellow", "caution": "bold yellow", "notice": "bold blue"}


def print_answer(body: dict[str, Any], console: Console | None = None) -> None:
    """Notices first, then the answer, then its sources as file p.N, section; a refusal with the nearest passages."""
    console = console or Console(highlight=False)
    if body["refusal"]:
        console.print(
            Text(f"No answer ({body['refusal']['reason'].replace('_', ' ')}). ", style="bold yellow") + Text(body["refusal"]["message"])
        )
        for item in body["refusal"]["nearest"]:
            console.print(Padding(_source(item), (0, 0, 0, 2)))
        _print_gaps(body, console)
        return
    for notice in body["notices"]:
        said = re.sub(rf"(?i)^{notice['level']}\W*", "", notice["text"])  # the box's own signal word is shown as the label
        console.print(Text(f" {notice['level'].upper()} ", style=_LEVEL[notice["level"]]) + Text(f" {said} [{notice['marker']}]"))
    console.print(Text(body["answer"]), soft_wrap=False)
    console.print()
    for item in body["citations"]:
        console.print(Text(f"[{item['marker']}] ", style="bold") + _source(item))
        console.print(Padding(Text(f"“{item['quote']}”", style="dim"), (0, 0, 0, 4)))
    said = f"{body['mode']}, confidence {body['confidence']:.2f}, {body['timings_ms']['total']:.0f} ms"
    without = [entry for entry in body["degraded"] if entry in PARTS]
    console.print(Text(said + (f", without {', '.join(without)}" if without else ""), style="dim"))
    _print_gaps(body, console)


def _print_gaps(body: dict[str, Any], console: Console) -> None:
    """What could not be read of the documents cited."""
    for sentence in body["degraded"]:
        if sentence not in PARTS:
            console.print(Text(sentence, style="yellow"))


def _source(item: dict[str, Any]) -> Text:
    printed = f" (printed {item['page_label']})" if item["page_label"] and item["page_label"] != str(item["page"]) else ""
    section = f" · {' > '.join(item['section'])}" if item["section"] else ""
    return Text(f"{item['file']} p.{item['page']}{printed}{section}", style="cyan")


def print_checked(body: dict[str, Any], console: Console | None = None) -> None:
    """A line a citation of a saved answer: its state and what is to be known, then the verdict."""
    console = console or Console(highlight=False)
    styles = {"there": "green", "moved": "yellow", "gone": "bold red", "no_document": "bold red"}
    for item in body["citations"]:
        console.print(
            Text(f"[{item['marker']}] {item['state'].replace('_', ' '):<11} ", style=styles[item["state"]]) + Text(item["message"])
        )
    for marker in body["unresolved_markers"]:
        console.print(Text(f"[{marker}] resolves to no citation", style="bold red"))
    counts = body["verification"]
    numbers = f"{counts['numbers_verified']} of {counts['numbers']} numbers stand in their quotes"
    console.print(Text(f"{'The answer still stands' if body['verified'] else 'The answer does not stand as it is'}; {numbers}."))


def print_hits(body: dict[str, Any], console: Console | None = None) -> None:
    """A row a hit with every stage's score."""
    console = console or Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "where", "dense", "lexical", "fused", "rerank", "text"):
        table.add_column(name, justify="right" if name in ("dense", "lexical", "fused", "rerank") else "left", overflow="fold")
    for rank, hit in enumerate(body["hits"], 1):
        scores = ["" if (value := hit["scores"][name]) is None else f"{value:.3f}" for name in ("dense", "lexical", "fused", "rerank")]
        text = " ".join(hit["text"].split())
        table.add_row(
            str(rank), Text(f"{hit['file']} p.{hit['page']}", style="cyan"), *scores, Text(text[:160] + ("…" if len(text) > 160 else ""))
        )
    console.print(table if body["hits"] else "Nothing found.")


def print_lookup(body: dict[str, Any], console: Console | None = None) -> None:
    """A row a place; what was not found, with the codes it may be mistaken for."""
    console = console or Console(highlight=False)
    for item in body["found"]:
        style = "bold" if item["defines"] else ""
        where = Text(f"{item['file']} p.{item['page']}", style="cyan")
        console.print(Text(f"{item['code']}  ", style=style) + where)
        console.print(Padding(Text(item["text"]), (0, 0, 0, 4)))
    if not body["found"]:
        console.print(Text(f"No document holds {', '.join(body['codes'])}.", style="bold yellow"))
        if body["similar"]:
            console.print(Text(f"Similar, but not the same: {', '.join(body['similar'])}"))


def print_settings(console: Console | None = None) -> None:
    """Every setting: name, default, sentence."""
    console = console or Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("setting", "default", "what it is"):
        table.add_column(name, overflow="fold")
    for name, default, sentence in setting_rows():
        table.add_row(name, default, Text(sentence))
    console.print(table)


def setting_rows() -> list[tuple[str, str, str]]:
    """(environment name, default as text, sentence) of every setting; the README's table is held to it by a test."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if isinstance(field.default, SecretStr) else str(field.default)
        rows.append((environment_name(name), default, field.description or ""))
    return rows
