"""`make demo`: serve the sample corpus on a free port, ask three questions over HTTP, print the cited answers, and check that every
quote stands on the page it cites, in the PDF itself. Exit code 0 only if all of that holds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console

from eval.pages import PdfPages
from service.core.settings import PREFIX
from service.terminal import print_answer

QUESTIONS = (
    "torque for the busbar screws between the modules?",
    "how do I do the coolant pressure test, and what loss is allowed?",
    "what does fault HB5043 mean and what do I check?",
)
START_S = 90.0


def main(arguments: list[str]) -> int:
    """Run the demonstration over an index that exists."""
    parser = argparse.ArgumentParser(prog="python -m eval.demo")
    parser.add_argument("--home", type=Path, required=True)
    args = parser.parse_args(arguments)
    console = Console(highlight=False)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [sys.executable, "-m", "service.cli", "serve", "--home", str(args.home), "--port", "0"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        url = _address(server)
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            _wait_until_ready(client)
            wrong = sum(_ask(client, question, console) for question in QUESTIONS)
    finally:
        server.terminate()
        server.wait(timeout=30)
    console.print(
        f"\n{len(QUESTIONS)} questions asked over HTTP; "
        + ("every quote stands on the page it cites." if not wrong else f"{wrong} quotes NOT found.")
    )
    console.print(
        "Next: `make serve` opens the page on http://127.0.0.1:8000; `.venv/bin/evdocs ingest YOUR-FOLDER` adds your own manuals."
    )
    return 1 if wrong else 0


def _address(server: subprocess.Popen[str]) -> str:
    """The address the server prints once it listens. Raises RuntimeError where it ends instead."""
    assert server.stdout is not None  # asked for with PIPE
    for line in server.stdout:
        if "http://" in line:
            return line[line.index("http://") :].strip()
    raise RuntimeError(f"The server ended with exit code {server.wait(timeout=10)} before it listened.")


def _wait_until_ready(client: httpx.Client) -> None:
    """Until models are loaded and the index is open. Raises RuntimeError after START_S."""
    give_up = time.monotonic() + START_S
    while (reply := client.get("/readyz")).status_code != 200:
        if time.monotonic() > give_up:
            raise RuntimeError(f"The server is not ready after {START_S:.0f} s: {reply.text}")
        time.sleep(0.2)


def _ask(client: httpx.Client, question: str, console: Console) -> int:
    """Ask, print, and count the quotes that do not stand on their pages; a refusal counts as one."""
    body = client.post("/v1/ask", json={"question": question}).raise_for_status().json()
    console.rule(f"[bold]{question}")
    print_answer(body, console)
    pages = {item["document_id"]: PdfPages(client.get(f"/v1/documents/{item['document_id']}/file").content) for item in body["citations"]}
    wrong = [item for item in body["citations"] if pages[item["document_id"]].find(item["quote"], item["page"]) is None]
    return len(wrong) + (0 if body["citations"] else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
