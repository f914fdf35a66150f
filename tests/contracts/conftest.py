"""Fixtures of the contract suites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_stores import Corpus, a_corpus, open_client
from qdrant_client import QdrantClient


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return a_corpus()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[QdrantClient]:
    with open_client("memory", tmp_path) as made:
        yield made
