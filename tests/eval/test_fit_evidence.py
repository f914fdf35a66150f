"""Which pieces are evidence, and that the fits find what separates them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from records import chunk, passage
from rich.console import Console

from eval.evidence_labels import labels_of
from eval.fit_evidence import Listed, listwise, logistic, minimised
from eval.items import load_gold
from service.extract.seen import seen

CONSOLE = Console(file=io.StringIO())
ITEM = (
    '{"id": "x-1", "question": "torque and colour of the lid?", "type": "lookup", "difficulty": "easy", "expect": "answer", '
    '"evidence": [{"document": "tarn.pdf", "pages": [5]}], "quotes": ["Tighten the lid screws to 7 Nm."], '
    '"facts": [["7 Nm"], ["grey"]], "answer": "7 Nm, grey"}\n'
)


def test_a_piece_is_right_on_a_page_of_the_evidence_only_and_adds_facts_that_lack(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text(ITEM, "utf-8")
    item = load_gold(tmp_path / "gold.jsonl")[0]
    here = passage(chunk("Tighten the lid screws to 7 Nm. The lid is grey. It is heavy."))
    elsewhere = passage(replace(chunk("Tighten the lid screws to 7 Nm.", page=9), chunk_id="c1"))
    labels = labels_of(item, seen(item.question, [here, elsewhere]))
    assert labels.right.tolist() == [True, False, False, False]
    assert labels.facts.tolist() == [[True, False], [False, True], [False, False], [False, False]]
    assert labels.adds(1, [0])
    assert not labels.adds(0, [0])
    assert not labels.adds(2, [0, 1])


def test_the_listwise_fit_finds_the_signal_that_tells_the_right_rows() -> None:
    rng = np.random.default_rng(3)
    lists = []
    for number in range(60):
        rows = rng.standard_normal((8, 3))
        right = np.zeros(8)
        right[int(np.argmax(rows[:, 1]))] = 1
        lists.append(Listed(rows, right, 1.0, f"document {number % 6}"))
    fields, predicted = listwise(lists, ("noise", "signal", "other"), CONSOLE)
    weights = fields["weights"]
    assert weights["signal"] > 5 * max(abs(weights["noise"]), abs(weights["other"]))
    assert fields["fitted"]["folds"]["first"] > 0.9
    assert [len(scores) for scores in predicted] == [8] * 60
    assert abs(minimised([(one.rows, one.right, 1.0) for one in lists], 1e6)).max() < 0.01, "a penalty that large leaves no weight"


def test_the_logistic_fit_says_how_well_it_separates() -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((300, 2))
    right = (rows[:, 0] + 0.3 * rng.standard_normal(300) > 0).astype(float)
    fields = logistic(rows, right, np.ones(300), [f"d{n % 5}" for n in range(300)], ("signal", "noise"), CONSOLE)
    assert fields["fitted"]["auc"] > 0.9
    assert fields["weights"]["signal"] > 5 * abs(fields["weights"]["noise"])
