"""`make demo`: serve the sample corpus on a free port, ask three questions over HTTP, print the cited answers, and check that every
quote stands on the page it cites, in the PDF itself. Exit code 0 only if all of that holds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
from rich.console import Console

from eval.pages import PdfPages
from eval.serving import serving
from service.terminal import print_answer

QUESTIONS = (
    "torque for the busbar screws between the modules?",
    "how do I do the coolant pressure test, and what loss is allowed?",
    "what does fault HB5043 mean and what do I check?",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration over an index that exists."""
    parser = argparse.ArgumentParser(prog="python -m eval.demo")
    parser.add_argument("--home", type=Path, required=True)
    args = parser.parse_args(argv)
    console = Console(highlight=False)
    with serving(args.home) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        wrong = sum(_ask(client, question, console) for question in QUESTIONS)
    said = "every quote stands on the page it cites" if not wrong else f"{wrong} quotes NOT found or questions refused"
    console.print(f"\n{len(QUESTIONS)} questions asked over HTTP; {said}.")
    console.print("Next: `make serve` opens the page on http://127.0.0.1:8000; `.venv/bin/evdocs ingest FOLDER` adds your own manuals.")
    return 1 if wrong else 0


def _ask(client: httpx.Client, question: str, console: Console) -> int:
    """Ask, print, and count the quotes that do not stand on their pages; a refusal counts as one."""
    body = client.post("/v1/ask", json={"question": question}).raise_for_status().json()
    console.rule(f"[bold]{question}")
    print_answer(body, console)
    ids = {item["document_id"] for item in body["citations"]}
    pages = {found: PdfPages(client.get(f"/v1/documents/{found}/file").raise_for_status().content) for found in ids}
    wrong = sum(pages[item["document_id"]].find(item["quote"], item["page"]) is None for item in body["citations"])
    for opened in pages.values():
        opened.close()
    return wrong + (0 if body["citations"] else 1)


if __name__ == "__main__":
    sys.exit(main())
