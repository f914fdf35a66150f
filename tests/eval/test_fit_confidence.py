"""Confidence is fitted so that signals keep their sign, near misses are about what is not there, and the file is what the service reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eval.fit_confidence import HEADS, fit, fit_signed, main
from eval.near_misses import near_miss
from eval.observe import Asked, Row, read_questions, read_rows, write_rows
from service.confidence import NEGATIVE, OPTIONAL, model_for, read_model

SIGNALS = (
    "dense",
    "lexical",
    "sentence",
    "place",
    "designators",
    "subjects",
    "quantity",
    "asks_quantity",
    "asks_count",
    "unsaid",
    "rerank",
)


def rows(n: int = 240, seed: int = 3) -> list[Row]:
    """Requests whose place and cross-encoder tell whether there is an answer; every sixth is out of domain."""
    draw = np.random.default_rng(seed)
    made = []
    for number in range(n):
        kind = "out_of_domain" if number % 6 == 0 else "lookup" if number % 3 else "unanswerable"
        known = kind == "lookup"
        values = {name: float(draw.random()) for name in SIGNALS}
        values |= {"rerank": float(draw.normal(1.0 if known else -1.0)), "place": float(draw.random() * (0.3 if known else 1.0))}
        values["dense"] = float(draw.normal(0.2 if kind == "out_of_domain" else 0.6, 0.1))
        right = known and bool(draw.random() < 0.8)
        made.append(Row(f"q{number}", kind, f"d{number % 12}", values, known, right, kind != "out_of_domain"))
    return made


def test_weights_keep_the_sign_a_signal_can_have_even_where_the_rows_say_otherwise() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(size=(400, 2))
    truth = values[:, 0] + values[:, 1] > 0  # both speak for it; "place" may not
    model = fit_signed(("dense", "place"), values, truth, np.ones(400))
    assert model.weights[0] > 1
    assert model.weights[1] == 0


def test_the_fit_separates_what_can_be_separated_and_refuses_few_right_answers() -> None:
    fields = fit(rows(), frozenset(["rerank"]))
    model = read_model(fields)
    assert set(fields["fitted"]["refused"]) == {"lookup", "unanswerable", "out_of_domain"}
    judged = {kind: [model.answerable.judge(row.values) for row in rows(seed=4) if row.kind == kind] for kind in ("lookup", "unanswerable")}
    assert np.mean(judged["lookup"]) > np.mean(judged["unanswerable"]) + 0.3
    refused = np.array(judged["lookup"]) < model.refuse_below
    assert refused.mean() < 0.15
    for head in HEADS:
        weights = fields[head]["weights"]
        assert all(weight <= 0 for name, weight in weights.items() if name in NEGATIVE)
        assert all(weight >= 0 for name, weight in weights.items() if name not in NEGATIVE)


def test_kept_rows_are_fitted_without_asking_and_every_set_of_signals_has_a_model(tmp_path: Path) -> None:
    kept, out = tmp_path / "rows.jsonl", tmp_path / "confidence.json"
    late = [Row(**{**row_fields(row), "values": row.values | {"late": 0.5}}) for row in rows()]
    plain = [Row(**{**row_fields(row), "values": {k: v for k, v in row.values.items() if k != "rerank"}}) for row in rows()]
    write_rows(kept, [*late, *plain])
    assert read_rows(kept) == [*late, *plain]
    assert main(["--rows", str(kept), "--out", str(out)]) == 0
    models = json.loads(out.read_text("utf-8"))["models"]
    assert sorted(tuple(model["signals"]) for model in models) == [(), ("late", "rerank"), ("rerank",)]


def row_fields(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row.__dataclass_fields__}


def test_the_packaged_file_has_a_model_with_and_without_the_cross_encoder() -> None:
    values = dict.fromkeys(SIGNALS, 0.5)
    plain = {name: value for name, value in values.items() if name not in OPTIONAL}
    for signals in (values, plain):
        model = model_for(signals)
        for head in HEADS:
            assert 0 <= getattr(model, head).judge(signals) <= 1
    assert 0 < model_for(values).refuse_below < 1


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("torque of the M8 screws?", "torque of the M{} screws?"),
        ("what does HB-4012 mean", "what does HB-{} mean"),
        ("PX100DX weight", "PX{}DX weight"),
    ],
)
def test_a_near_miss_differs_by_the_digits_of_one_name(question: str, kept: str) -> None:
    head, tail = kept.split("{}")
    made = near_miss(question, lambda name: False)
    assert made is not None
    assert made != question
    assert made.startswith(head)
    assert made.endswith(tail)
    assert made[len(head) : len(made) - len(tail)].isdigit()


def test_a_near_miss_is_never_about_what_stands_there() -> None:
    assert near_miss("torque of the M8 screws?", lambda name: name != "M3") in (None, "torque of the M3 screws?")
    assert near_miss("torque at 20V of the 3-phase screws?", lambda name: False) is None
    assert near_miss("torque of the lid screws?", lambda name: False) is None


def test_questions_are_read_in_both_forms(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        json.dumps({"id": "a", "question": "q?", "document": "m.pdf", "page": 3, "quote": "7 Nm", "answer": None, "style": "terse"}),
        "utf-8",
    )
    (asked,) = read_questions(path)
    assert (asked.kind, asked.answerable, asked.group) == ("unanswerable", False, "m.pdf")
    assert isinstance(asked, Asked)
