"""The whole line with `EVDOCS_QDRANT_URL` set: ingest, publish, ask, replace, remove, through the qdrant-client adapter. In place of a
server stands qdrant-client's own engine, kept open between the connections; a real server is asked where TEST_QDRANT_URL names one."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient
from rich.console import Console

from ingest.progress import Progress
from ingest.run import ingest, remove
from service import wire
from service.adapters import qdrant_server
from service.answer import Question, answer
from service.core.errors import IndexIncompatible, StoreUnavailable
from service.core.settings import Settings, load

SAMPLE = Path(__file__).parent.parent / "corpora" / "sample"
FILES = [SAMPLE / "service-bulletin-sb-26-07.pdf", SAMPLE / "rc117p-cell-module-datasheet.pdf"]
URL = os.environ.get("TEST_QDRANT_URL", "")


class Lasting(QdrantClient):
    """Stays open when a connection to it is given back, as a server does."""

    def close(self, *_: object, **__: object) -> None:
        pass


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    made = load({}, home=tmp_path / "home", qdrant_url=URL or "http://stand-in:6333", qdrant_prefix=f"evdocs-test-{os.getpid()}")
    if URL:
        yield made
        return
    engine = Lasting(":memory:")
    monkeypatch.setattr(qdrant_server, "connect", lambda _: engine)
    yield made
    QdrantClient.close(engine)


def collections(settings: Settings) -> set[str]:
    return {
        item.name for item in qdrant_server.connect(settings).get_collections().collections if item.name.startswith(settings.qdrant_prefix)
    }


def progress() -> Progress:
    return Progress(Console(file=io.StringIO()))


def test_a_folder_goes_in_and_an_answer_comes_out_through_the_server_adapter(settings: Settings) -> None:
    first = ingest(FILES, settings, progress())
    assert first.exit_code == 0
    assert not ingest(FILES, settings, progress()).changed
    rag = wire.wire(settings)
    assert rag.index.vectors.chunk_ids() == rag.index.lexical.chunk_ids()
    made = answer(rag, Question("torque for the busbar screws between the modules?"), trace_id="0" * 32, deadline=time.monotonic() + 60)
    rag.index.close()
    assert "15 N·m" in made.text
    assert {item.file for item in made.citations} <= {path.name for path in FILES}
    for _ in range(2):
        assert remove(FILES[1].name, settings, progress()).n_documents == 1
        ingest(FILES, settings, progress())
    assert len(collections(settings)) == settings.keep_builds
    for name in collections(settings):
        qdrant_server.connect(settings).delete_collection(name)
    with pytest.raises(StoreUnavailable):
        wire.wire(settings)
    ingest(FILES, settings, progress())
    wire.wire(settings).index.close()


def test_an_index_of_the_embedded_store_is_not_taken_for_one_on_a_server(sample_settings: Settings) -> None:
    on_server = sample_settings.model_copy(update={"qdrant_url": "http://127.0.0.1:9"})
    with pytest.raises(IndexIncompatible, match="evdocs ingest"):
        wire.open_index(on_server, wire.load_embedder(sample_settings))
