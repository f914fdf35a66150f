"""The LateIndex contract, on the memory-mapped files and on the multivectors of a collection."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contract_stores import KINDS, Corpus, a_chunk, a_document, fill_server, open_client

from service.adapters.maxsim import MaxSimIndex, MaxSimWriter
from service.adapters.qdrant_late import ServerLate, ServerLateWriter
from service.core.errors import IndexUnavailable, StoreUnavailable
from service.core.late import TokenVectors
from service.core.ports import LateIndex, LateWriter

WIDTH = 8
Filled = Callable[[Corpus, Sequence[TokenVectors]], LateIndex]


def passage(ids: Sequence[int], rng: np.random.Generator) -> TokenVectors:
    """Random directions for these token ids."""
    return TokenVectors(np.array(ids, np.int32), rng.integers(-127, 128, (len(ids), WIDTH)).astype(np.int8))


def question(ids: Sequence[int], rows: Sequence[Sequence[float]]) -> TokenVectors:
    """Rows brought to length one."""
    vectors = np.array(rows, np.float32).reshape(-1, WIDTH)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return TokenVectors(np.array(ids, np.int32), np.asarray(vectors / lengths, np.float32))


@pytest.fixture(params=["files", *KINDS])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Filled]:
    """Fills an index with a corpus and its token vectors, in two batches, and opens it."""

    def in_files(corpus: Corpus, tokens: Sequence[TokenVectors]) -> LateIndex:
        folder = tmp_path / uuid.uuid4().hex
        write(MaxSimWriter(folder, WIDTH), corpus, tokens)
        return stack.enter_context(closing(MaxSimIndex(folder)))

    def on_server(corpus: Corpus, tokens: Sequence[TokenVectors]) -> LateIndex:
        client, folder = stack.enter_context(open_client(request.param, tmp_path)), tmp_path / uuid.uuid4().hex
        name = fill_server(client, corpus, WIDTH)
        write(ServerLateWriter(client, name, folder), corpus, tokens)
        return ServerLate(client, name, folder)

    with ExitStack() as stack:
        yield in_files if request.param == "files" else on_server


def write(writer: LateWriter, corpus: Corpus, tokens: Sequence[TokenVectors]) -> None:
    half = len(tokens) // 2
    writer.write(corpus.chunks[:half], tokens[:half])
    writer.write(corpus.chunks[half:], tokens[half:])
    writer.finish()


@pytest.fixture
def tokens(corpus: Corpus) -> list[TokenVectors]:
    """Token 1 stands in every chunk, token 2 in half of them, 3 to 40 here and there; the last chunk has no tokens."""
    rng = np.random.default_rng(5)
    made = [passage([1, *([2] if at % 2 else []), *rng.integers(3, 41, at % 7)], rng) for at in range(len(corpus.chunks))]
    return [*made[:-1], passage([], rng)]


@pytest.fixture
def index(filled: Filled, corpus: Corpus, tokens: list[TokenVectors]) -> LateIndex:
    return filled(corpus, tokens)


def expected(asked: TokenVectors, tokens: Sequence[TokenVectors]) -> list[float]:
    """MaxSim, written out."""
    scores = []
    for text in tokens:
        total = weight = 0.0
        for token, vector in zip(asked.ids, asked.vectors, strict=True):
            n = sum(token in other.ids for other in tokens)
            idf = np.log(1 + (len(tokens) - n + 0.5) / (n + 0.5))
            weight += idf
            total += idf * max((float(vector @ row / np.linalg.norm(row)) for row in text.vectors.astype(float)), default=0.0)
        scores.append(total / weight)
    return scores


def test_scores_are_the_idf_weighted_means_of_the_best_cosines(index: LateIndex, corpus: Corpus, tokens: list[TokenVectors]) -> None:
    rng = np.random.default_rng(6)
    ids = [chunk.chunk_id for chunk in corpus.chunks]
    for asked in (question([1, 2, 7, 500], rng.standard_normal((4, WIDTH))), question([40], rng.standard_normal((1, WIDTH)))):
        assert index.score(asked, ids) == pytest.approx(expected(asked, tokens), abs=2e-3)


def test_a_chunk_that_holds_the_very_tokens_scores_one_and_their_opposites_minus_one(filled: Filled, corpus: Corpus) -> None:
    rng = np.random.default_rng(7)
    one = passage([5, 6, 7], rng)
    opposite = TokenVectors(one.ids[:1], -one.vectors[:1])
    tokens = [one, opposite, *(passage([9], rng) for _ in corpus.chunks[2:])]
    index = filled(corpus, tokens)
    ids = [chunk.chunk_id for chunk in corpus.chunks]
    assert index.score(question([5, 6, 7], one.vectors.astype(float)), ids)[0] == pytest.approx(1.0, abs=2e-3)
    assert index.score(question([5], one.vectors[:1].astype(float)), ids)[1] == pytest.approx(-1.0, abs=2e-3)
    everything = index.score(question([5, 900], rng.standard_normal((2, WIDTH))), ids)
    assert -1.001 <= min(everything) <= max(everything) <= 1.001


def test_the_rare_token_of_a_question_decides(filled: Filled, corpus: Corpus) -> None:
    """Two chunks meet one token each: the one that meets the token hardly any chunk has comes first, an unknown one before all."""
    axes = (np.eye(WIDTH) * 127).astype(np.int8)
    common, rare = TokenVectors(np.array([1], np.int32), axes[:1]), TokenVectors(np.array([2], np.int32), axes[1:2])
    index = filled(corpus, [common, rare, *(TokenVectors(np.array([1], np.int32), axes[7:]) for _ in corpus.chunks[2:])])
    ids = [chunk.chunk_id for chunk in corpus.chunks[:2]]
    of_common, of_rare = index.score(question([1, 2], axes[:2].astype(float)), ids)
    assert of_rare > 5 * of_common > 0
    of_common, of_unknown = index.score(question([1, 31_000], axes[:2].astype(float)), ids)
    assert of_unknown > of_rare


def test_scores_come_in_the_order_asked_and_strangers_and_empty_chunks_score_zero(
    index: LateIndex, corpus: Corpus, tokens: list[TokenVectors]
) -> None:
    asked = question([1, 3], np.random.default_rng(9).standard_normal((2, WIDTH)))
    places = [17, 3, 59, 3]
    ids = [corpus.chunks[place].chunk_id for place in places]
    scores = index.score(asked, [str(uuid.uuid4()), *ids, "no uuid", ""])
    wanted = expected(asked, tokens)
    assert scores == pytest.approx([0, *(wanted[place] for place in places), 0, 0], abs=2e-3)
    assert scores[3] == 0  # chunk 59 has no tokens
    assert index.score(asked, []) == []


def test_a_question_without_tokens_scores_zero_everywhere(index: LateIndex, corpus: Corpus) -> None:
    assert index.score(question([], []), [chunk.chunk_id for chunk in corpus.chunks[:3]]) == [0, 0, 0]


def test_chunk_ids_are_all_ids_sorted(index: LateIndex, corpus: Corpus) -> None:
    assert index.chunk_ids() == sorted(chunk.chunk_id for chunk in corpus.chunks)


def test_an_empty_build_opens_and_knows_nothing(filled: Filled, corpus: Corpus) -> None:
    index = filled(Corpus({}, [], corpus.vectors[:0]), [])
    assert index.chunk_ids() == []
    assert index.score(question([1], np.ones((1, WIDTH))), [corpus.chunks[0].chunk_id]) == [0]


def test_closing_twice_is_harmless_and_a_closed_index_says_so(index: LateIndex, corpus: Corpus) -> None:
    index.close()
    index.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        index.score(question([1], np.ones((1, WIDTH))), [corpus.chunks[0].chunk_id])


def test_both_adapters_order_random_corpora_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    document = a_document("random")
    chunks = [replace(a_chunk(document, ordinal, f"text {ordinal}"), context="") for ordinal in range(80)]
    corpus = Corpus({document.document_id: document}, chunks, np.eye(80, 24, dtype=np.float32) + 0.1)
    tokens = [passage(rng.integers(0, 200, int(rng.integers(1, 60))), rng) for _ in chunks]
    with open_client("memory", tmp_path) as client:
        name = fill_server(client, corpus, WIDTH)
        write(ServerLateWriter(client, name, tmp_path / "server"), corpus, tokens)
        write(MaxSimWriter(tmp_path / "files", WIDTH), corpus, tokens)
        server, files = ServerLate(client, name, tmp_path / "server"), MaxSimIndex(tmp_path / "files")
        ids = [chunk.chunk_id for chunk in chunks]
        for _ in range(10):
            asked = question(list(rng.integers(0, 220, 9)), rng.standard_normal((9, WIDTH)))
            one, other = files.score(asked, ids), server.score(asked, ids)
            assert one == pytest.approx(other, abs=1e-3)
            assert int(np.argmax(one)) == int(np.argmax(other))


def test_vectors_of_another_kind_are_refused(tmp_path: Path, corpus: Corpus) -> None:
    writer = MaxSimWriter(tmp_path / "late", WIDTH)
    for vectors in (np.zeros((2, WIDTH), np.float32), np.zeros((2, WIDTH + 1), np.int8), np.zeros((1, WIDTH), np.int8)):
        with pytest.raises(ValueError, match="int8"):
            writer.write(corpus.chunks[:1], [TokenVectors(np.array([1, 2], np.int32), vectors)])


@pytest.mark.parametrize("victim", ["index.json", "vectors.i8", "scales.npy", "offsets.npy", "idf.npy"])
def test_a_missing_or_cut_file_is_found_when_opening(tmp_path: Path, corpus: Corpus, tokens: list[TokenVectors], victim: str) -> None:
    folder = tmp_path / "late"
    write(MaxSimWriter(folder, WIDTH), corpus, tokens)
    MaxSimIndex(folder).close()
    content = (folder / victim).read_bytes()
    (folder / victim).write_bytes(content[: len(content) // 2])
    with pytest.raises(IndexUnavailable, match="evdocs ingest"):
        MaxSimIndex(folder)
    (folder / victim).unlink()
    with pytest.raises(IndexUnavailable):
        MaxSimIndex(folder)


def test_an_unfinished_folder_is_no_index(tmp_path: Path, corpus: Corpus, tokens: list[TokenVectors]) -> None:
    MaxSimWriter(tmp_path / "late", WIDTH).write(corpus.chunks, tokens)
    with pytest.raises(IndexUnavailable):
        MaxSimIndex(tmp_path / "late")
    with pytest.raises(IndexUnavailable):
        ServerLate(None, "name", tmp_path / "nowhere")  # type: ignore[arg-type]


READER = """
import json, sys, numpy as np
from pathlib import Path
from service.adapters.maxsim import MaxSimIndex
from service.core.late import TokenVectors
index = MaxSimIndex(Path(sys.argv[1]))
asked = TokenVectors(np.array([1, 2], np.int32), np.ones((2, int(sys.argv[2])), np.float32) / int(sys.argv[2]) ** 0.5)
print(json.dumps(index.score(asked, index.chunk_ids())))
"""


def test_two_processes_read_a_folder_at_the_same_time_and_leave_it_as_it_was(
    tmp_path: Path, corpus: Corpus, tokens: list[TokenVectors]
) -> None:
    folder = tmp_path / "late"
    write(MaxSimWriter(folder, WIDTH), corpus, tokens)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    with closing(MaxSimIndex(folder)) as here:
        told = subprocess.run([sys.executable, "-c", READER, str(folder), str(WIDTH)], capture_output=True, text=True, check=True).stdout
        assert json.loads(told) == pytest.approx(here.score(question([1, 2], np.ones((2, WIDTH))), here.chunk_ids()))
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()} == before


def test_a_folder_removed_under_a_reader_stays_readable_to_it(tmp_path: Path, corpus: Corpus, tokens: list[TokenVectors]) -> None:
    folder = tmp_path / "late"
    write(MaxSimWriter(folder, WIDTH), corpus, tokens)
    one, two = MaxSimIndex(folder), MaxSimIndex(folder)
    asked, ids = question([1, 2], np.ones((2, WIDTH))), [chunk.chunk_id for chunk in corpus.chunks]
    before = one.score(asked, ids)
    one.close()
    shutil.rmtree(folder)
    assert two.score(asked, ids) == before


def test_the_best_cosines_of_a_comparison_weighted_are_the_score(index: LateIndex, corpus: Corpus, tokens: list[TokenVectors]) -> None:
    asked = question([1, 2, 7, 500], np.random.default_rng(8).standard_normal((4, WIDTH)))
    ids = [chunk.chunk_id for chunk in corpus.chunks]
    compared = index.compare(asked, ids)
    assert [own.shape for own in compared] == [(4, len(text.ids)) for text in tokens], "a column a token, in the order of the text"
    weights = index.weights(asked)
    assert weights.sum() == pytest.approx(1.0, abs=1e-5)
    again = [float(own.max(axis=1) @ weights) if own.shape[1] else 0.0 for own in compared]
    assert again == pytest.approx(index.score(asked, ids), abs=2e-3)
    assert index.compare(asked, ["00000000-0000-0000-0000-000000000000"])[0].shape == (4, 0)
