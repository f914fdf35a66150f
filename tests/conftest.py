"""What all tests share: no way out of this machine, and the sample corpus indexed once."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from service.core.ports import Rag
from service.core.settings import Settings, load

SAMPLE = Path(__file__).parent.parent / "corpora" / "sample"
LOOPBACK = ("127.", "::1", "localhost")


def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    """A socket's connect that goes to this machine and nowhere else."""

    def checked(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"A test tried to connect to {address[0]}: nothing may leave this machine.")
        return connect(self, address)

    return checked


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Connections to anything but loopback fail the test that makes them."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def sample_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a home folder in which the sample corpus is indexed."""
    from ingest.progress import Progress
    from ingest.run import ingest

    # The same index with and without Tesseract; the same order on a busy machine.
    settings = load({}, home=tmp_path_factory.mktemp("sample"), ocr="off", rerank_budget_s=60.0)
    report = ingest([SAMPLE], settings, Progress(Console(file=io.StringIO())))
    assert report.exit_code == 0, report
    return settings


@pytest.fixture(scope="session")
def sample_rag(sample_settings: Settings) -> Iterator[Rag]:
    """The whole pipeline over the sample corpus: packaged models, Edge shard, BM25."""
    from service.wire import wire

    rag = wire(sample_settings)
    yield rag
    rag.index.close()
    rag.tracer.close()
