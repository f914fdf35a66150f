"""Fetching public manuals, from a server on loopback: what is no PDF, too long or of another hash stays out; the rest comes in."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ingest.corpus import read_corpus
from ingest.fetch import fetch
from service.core.errors import InvalidRequest
from service.core.settings import load

GOOD = b"%PDF-1.4 a manual"


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = {"/good.pdf": GOOD, "/page.html": b"<html>", "/long.pdf": GOOD * 500}.get(self.path)
        self.send_response(200 if content else 404)
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def entry(title: str, url: str, sha256: str = "") -> str:
    return f'[[document]]\ntitle = "{title}"\nurl = "{url}"\nsha256 = "{sha256}"\nproduct = ["P9"]\n'


def test_good_files_come_in_with_their_metadata_and_bad_ones_are_named(site: str, tmp_path: Path) -> None:
    listing = tmp_path / "list.toml"
    right = hashlib.sha256(GOOD).hexdigest()
    listing.write_text(
        entry('Good ../ "manual"'.replace('"', ""), f"{site}/good.pdf", right)
        + entry("Page", f"{site}/page.html")
        + entry("Gone", f"{site}/gone.pdf")
        + entry("Long", f"{site}/long.pdf")
        + entry("Other hash", f"{site}/good.pdf", "0" * 64)
        + entry("Leads on", f"{site}/page.html").replace("sha256", 'kind = "page"\nsha256')
    )
    settings = load({}, max_upload_bytes=4096)
    results = {item.title.split()[0]: item for item in fetch(listing, tmp_path / "to", settings)}
    assert {name: bool(item.error) for name, item in results.items()} == {
        "Good": False,
        "Page": True,
        "Gone": True,
        "Long": True,
        "Other": True,
        "Leads": False,
    }
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["corpus.toml", "good-manual.pdf"]
    assert read_corpus([tmp_path / "to"]).sources[0].metadata["product"] == ["P9"]
    again = next(iter(fetch(listing, tmp_path / "to", settings)))
    assert (again.fresh, again.error) == (False, "")


@pytest.mark.parametrize("text", ["[[document", "[[document]]\ntitle = 'x'", "[[document]]\nurl = 'file:///etc/passwd'"])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.toml").write_text(text)
    with pytest.raises(InvalidRequest):
        list(fetch(tmp_path / "list.toml", tmp_path / "to", load({})))
