"""What the judge's tests share: PDFs written byte by byte, gold items, and a rule-based service on a loopback port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from eval.items import GoldItem, parse_item
from service.core.types import Filters

Json = dict[str, Any]
PAGES = (
    ["Terminal screws", "Tighten the terminal screws to 7 Nm.", "Do not over-", "tighten them."],
    ["Fuse F12 has a rating of 350 A.", "Torque (Nm)", "M8   9"],
)


def build_pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF with one Helvetica line per string, 20 points apart."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"]
    kids = []
    for lines in pages:
        shown = "".join(f"1 0 0 1 50 {780 - 20 * row} Tm ({line}) Tj " for row, line in enumerate(lines))
        stream = f"BT /F1 11 Tf {shown}ET"
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents {len(objects)} 0 R>>"
        objects.append(page)
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF".encode(
        "latin-1"
    )


def gold(**fields: Any) -> GoldItem:
    """A lookup item on page 1 of pack.pdf, with these fields changed."""
    standard: Json = {
        "id": "t-1",
        "question": "Which torque for the terminal screws?",
        "type": "lookup",
        "difficulty": "easy",
        "expect": "answer",
        "evidence": [{"document": "pack.pdf", "pages": [1]}],
        "quotes": ["Tighten the terminal screws to 7 Nm."],
        "facts": [["7 Nm"]],
        "answer": "7 Nm",
    }
    return parse_item(standard | fields)


def plain(item: GoldItem) -> Json:
    """The item as its JSON line."""
    places = {name: [{"document": p.document, "pages": list(p.pages)} for p in getattr(item, name)] for name in ("evidence", "also")}
    names = ("question", "type", "difficulty", "expect", "quotes", "facts", "answer", "about")
    return {"id": item.item_id, **{name: getattr(item, name) for name in names}, **places}


def hit(page: int, file: str = "pack.pdf", *, page_end: int | None = None, text: str = "") -> Json:
    return {
        "chunk_id": f"{file}-{page}",
        "document_id": "d1",
        "file": file,
        "page": page,
        "page_end": page_end or page,
        "text": text,
        "scores": {},
    }


def cite(marker: int = 1, page: int = 1, quote: str = "Tighten the terminal screws to 7 Nm.", **fields: Any) -> Json:
    return {"marker": marker, "document_id": "d1", "file": "pack.pdf", "page": page, "quote": quote, "score": 1.0} | fields


def reply(answer: str = "Tighten the terminal screws to 7 Nm. [1]", citations: Sequence[Json] = (), **fields: Any) -> Json:
    """An answered `/v1/ask` body."""
    return {
        "status": "answered",
        "answer": answer,
        "citations": list(citations or [cite()]),
        "notices": [],
        "refusal": None,
        "confidence": 0.9,
        "degraded": [],
        "timings_ms": {"embed": 5.0, "total": 20.0},
        "models": {"embedder": "twin"},
        "index": {"build_id": "b1", "documents": 1, "chunks": 2},
    } | fields


def refusal(reason: str = "not_in_documents") -> Json:
    return reply("", status="refused", citations=[], refusal={"reason": reason, "message": "No.", "nearest": [cite()]}, confidence=0.1)


class TwinService:
    """A service of rules on a loopback port: `ask` maps a question to (status, headers, body)."""

    def __init__(self, ask: Callable[[str], tuple[int, dict[str, str], Any]], pdf: bytes, documents: list[Json]) -> None:
        self.requests: list[tuple[str, str]] = []
        twin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                twin.requests.append(("GET", self.path))
                routes: dict[str, Any] = {"/readyz": {"status": "ready"}, "/v1/documents": {"documents": documents}}
                if self.path == "/v1/documents/d1/file":
                    self._send(200, {}, pdf)
                else:
                    self._send(200 if self.path in routes else 404, {}, routes.get(self.path, {"title": "Unknown"}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                twin.requests.append(("POST", self.path))
                if self.path == "/v1/search":
                    self._send(200, {}, {"hits": [hit(1, text="to 7 Nm")][: body["k"]], "timings_ms": {"total": 3.0}})
                else:
                    self._send(*ask(body["question"]))

            def _send(self, status: int, headers: dict[str, str], body: Any) -> None:
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(raw)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Double:
    """A system in this process that answers by rule."""

    shows_searches = True

    def __init__(self, pdf: Path, ask: Callable[[str], Json] = lambda question: reply()) -> None:
        self._pdf, self._ask = pdf, ask

    def describe(self) -> Json:
        return {"kind": "double"}

    def documents(self) -> list[Json]:
        return [{"document_id": "d1", "file": "pack.pdf", "aliases": ["pack-copy.pdf"]}]

    def search(self, question: str, k: int, filters: Filters) -> Json:
        return {"hits": [hit(1, text="to 7 Nm")] * k, "timings_ms": {}}

    def searches(self, question: str, filters: Filters) -> dict[str, list[Json]]:
        return {"dense": [hit(2), hit(1)], "lexical": [hit(2)], "exact": [], "late": [hit(1)], "fused": [hit(1)]}

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        return self._ask(question)

    def pdf(self, document_id: str) -> bytes:
        return self._pdf.read_bytes()

    def close(self) -> None:
        pass
