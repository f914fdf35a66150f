"""Fixtures of the judge's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eval_twins import PAGES, Json, TwinService, build_pdf


@pytest.fixture
def pack_pdf(tmp_path: Path) -> Path:
    path = tmp_path / "pdf" / "pack.pdf"
    path.parent.mkdir()
    path.write_bytes(build_pdf(PAGES))
    return path


@pytest.fixture
def serve(pack_pdf: Path) -> Iterator[Callable[..., TwinService]]:
    """Start a twin service; it ends with the test."""
    started: list[TwinService] = []

    def start(ask: Callable[[str], tuple[int, dict[str, str], Any]], documents: list[Json] | None = None) -> TwinService:
        known = [{"document_id": "d1", "file": "pack.pdf", "aliases": []}] if documents is None else documents
        started.append(TwinService(ask, pack_pdf.read_bytes(), known))
        return started[-1]

    yield start
    for service in started:
        service.close()
