"""The Reranker contract, on the packaged cross-encoder in both precisions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.adapters.reranker import CrossEncoderReranker
from service.core.ports import Reranker

QUESTION = "What torque for the module cover bolts?"
TEXTS = [
    "Pack manual > Charging: Plug in the charger and wait for the green lamp.",
    "Pack manual > Assembly: Tighten the bolts of the module cover to 12 Nm.",
    "Pack manual > Cooling: Replace the coolant every two years.",
]


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    return CrossEncoderReranker("packaged", precision=request.param, threads=1, allow_hub=False)


def test_the_text_that_answers_scores_highest(reranker: Reranker) -> None:
    scores = reranker.score(QUESTION, TEXTS)
    assert len(scores) == 3
    assert all(isinstance(score, float) for score in scores)
    assert int(np.argmax(scores)) == 1


def test_scores_come_in_the_order_of_texts_of_mixed_length(reranker: Reranker) -> None:
    texts = [TEXTS[place % 3] + " Check the relay." * (place * 5 % 13) for place in range(25)]
    together = reranker.score(QUESTION, texts)
    alone = [reranker.score(QUESTION, [text])[0] for text in texts]
    assert together == pytest.approx(alone, abs=0.08)
    assert reranker.score(QUESTION, texts[::-1]) == pytest.approx(together[::-1], abs=0.08)


def test_different_texts_hardly_ever_tie(reranker: Reranker) -> None:
    """A bf16 logit would: it has 8 significant bits."""
    texts = [f"Pack manual > Assembly: step {place}, tighten bolt {place} to {place + 3} Nm." for place in range(60)]
    assert len(set(reranker.score(QUESTION, texts))) >= 58


def test_no_texts_give_no_scores_and_odd_texts_give_finite_ones(reranker: Reranker) -> None:
    assert reranker.score(QUESTION, []) == []
    odd = ["", "\ud800", "relay " * 5000, "电池\x00\n"]
    assert np.isfinite(reranker.score(QUESTION, odd)).all()
    assert np.isfinite(reranker.score("", odd)).all()
    assert np.isfinite(reranker.score("why " * 2000, TEXTS)).all()


def test_several_threads_get_the_same_scores(reranker: Reranker) -> None:
    wanted = reranker.score(QUESTION, TEXTS)
    with ThreadPoolExecutor(4) as pool:
        assert all(scores == wanted for scores in pool.map(lambda _: reranker.score(QUESTION, TEXTS), range(8)))
