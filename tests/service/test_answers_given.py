"""Whether what was found is given as an answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from service import consider
from service.confidence import Confidence, Logistic
from service.consider import Considered

SURE, HARDLY = Logistic(3.0, {}, {}, {}), Logistic(-3.0, {}, {}, {})


def found(sentences: int = 1) -> Considered:
    nothing = cast(Any, None)
    return Considered((), nothing, nothing, nothing, (), cast(Any, SimpleNamespace(sentences=["It is 7 Nm."] * sentences)), {})


@pytest.mark.parametrize(
    ("right", "answerable", "given"), [(SURE, SURE, True), (HARDLY, SURE, False), (SURE, HARDLY, False)]
)  # fmt: skip
def test_an_answer_is_given_where_the_documents_hold_one_and_it_is_right_often_enough(
    monkeypatch: pytest.MonkeyPatch, right: Logistic, answerable: Logistic, given: bool
) -> None:
    model = Confidence(right, answerable, SURE, refuse_below=0.5, out_of_scope_below=0.5, unsure_below=0.2)
    monkeypatch.setattr(consider, "model_for", lambda values: model)
    assert found().answers(-1.0) is given
    assert not found(sentences=0).answers(-1.0)


def test_a_threshold_set_by_hand_is_one_of_confidence_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Confidence(HARDLY, HARDLY, SURE, refuse_below=0.5, out_of_scope_below=0.5, unsure_below=0.2)
    monkeypatch.setattr(consider, "model_for", lambda values: model)
    assert found().answers(0.0)
    assert not found().answers(0.1)
