"""`evdocs corpus fetch`: a list of public manuals in, their files and a corpus.toml beside them out. The only code that goes to the
internet, and only when asked to.

Each file is bounded in bytes and time, must be a PDF, and must have the stated SHA-256 where one is stated. One failure does not stop
the others; a file that is there already is not fetched again.
"""

from __future__ import annotations

import json
import os
import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ingest.corpus import METADATA
from service.core.errors import InvalidRequest
from service.core.ids import sha256_file
from service.core.settings import Settings

TIMEOUT_S = 30.0
FILE_TIMEOUT_S = 600.0
USER_AGENT = "evdocs corpus fetch"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One entry of the list: `error` is "" where its file is there now; `fresh` says whether it was fetched by this run. An entry of
    kind "page" leads to documents and is none: its `path` is None and its address is for people to open."""

    title: str
    path: Path | None
    fresh: bool
    error: str = ""


def fetch(listing: Path, folder: Path, settings: Settings) -> Iterator[Fetched]:
    """Fetch every [[document]] with a `url` into `folder`; a corpus.toml over what is there is written at the end. Raises
    InvalidRequest where the list cannot be read."""
    entries = _read(listing)
    folder.mkdir(parents=True, exist_ok=True)
    have: list[tuple[Path, dict[str, Any]]] = []
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, max_redirects=5, headers={"User-Agent": USER_AGENT}) as client:
        for entry in entries:
            if entry.get("kind") == "page":
                yield Fetched(f"{entry.get('title', '')} ({entry['url']})", None, False)
                continue
            path = folder / _file_name(entry)
            fresh = not path.is_file()
            error = _download(client, entry, path, settings.max_upload_bytes) if fresh else ""
            if not error:
                have.append((path, entry))
            yield Fetched(str(entry.get("title", entry["url"])), path, fresh and not error, error)
    (folder / "corpus.toml").write_text("\n".join(_table(path, entry) for path, entry in have), "utf-8")


def _read(listing: Path) -> list[dict[str, Any]]:
    try:
        tables = tomllib.loads(listing.read_text("utf-8")).get("document", [])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{listing} cannot be read: {error}") from error
    if not isinstance(tables, list) or not all(isinstance(table, dict) and isinstance(table.get("url"), str) for table in tables):
        raise InvalidRequest(f"{listing}: every [[document]] needs a `url`.")
    for table in tables:
        if not re.match(r"https?://[^/\s]+/", table["url"]):
            raise InvalidRequest(f"{listing}: {table['url']!r} is no http or https address.")
    return tables


def _file_name(entry: dict[str, Any]) -> str:
    """Words of the title, or of the address, as a file name that cannot leave its folder."""
    words = re.findall(r"[a-z0-9]+", str(entry.get("title") or entry["url"]).lower())
    return "-".join(words)[:80] + ".pdf"


def _download(client: httpx.Client, entry: dict[str, Any], path: Path, max_bytes: int) -> str:
    """Fetch into place; what went wrong, or ""."""
    draft = path.with_suffix(f".{os.getpid()}.part")
    give_up = time.monotonic() + FILE_TIMEOUT_S
    try:
        with client.stream("GET", entry["url"]) as reply, draft.open("wb") as out:
            reply.raise_for_status()
            size = 0
            for block in reply.iter_bytes(1 << 16):
                size += len(block)
                if size > max_bytes:
                    return f"more than {max_bytes} bytes"
                if time.monotonic() > give_up:
                    return f"took longer than {FILE_TIMEOUT_S:.0f} s"
                out.write(block)
        with draft.open("rb") as stream:
            if b"%PDF-" not in stream.read(1024):
                return "what came is no PDF"
        wanted = str(entry.get("sha256") or "")
        if wanted and sha256_file(draft) != wanted.lower():
            return f"its SHA-256 is {sha256_file(draft)}, not {wanted}"
        os.replace(draft, path)
    except (httpx.HTTPError, OSError) as error:
        return str(error) or type(error).__name__
    finally:
        draft.unlink(missing_ok=True)
    return ""


def _table(path: Path, entry: dict[str, Any]) -> str:
    """One [[document]] of the corpus.toml beside the files. JSON texts and lists of texts are TOML too."""
    fields = {"file": path.name, **{name: entry[name] for name in METADATA if entry.get(name)}}
    lines = [
        f"{name} = {json.dumps(value if isinstance(value, list) else str(value), ensure_ascii=False)}" for name, value in fields.items()
    ]
    return "\n".join(["[[document]]", *lines, ""])
