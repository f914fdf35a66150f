"""Gold files: what loads, and what is said about what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eval_twins import gold, plain

from eval.items import GoldError, load_gold, load_golds


def _write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def test_items_load_in_order_and_blank_lines_are_left_out(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "g.jsonl", plain(gold(id="a")), "", plain(gold(id="b", expect="refuse", type="unanswerable", evidence=[], facts=[]))
    )
    items = load_gold(path)
    assert [(item.item_id, item.line, item.answerable) for item in items] == [("a", 1, True), ("b", 3, False)]
    assert items[0].evidence[0].pages == (1,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "riddle"}, "unknown type 'riddle'"),
        ({"expect": "guess"}, "unknown expect 'guess'"),
        ({"difficulty": "cruel"}, "unknown difficulty"),
        ({"question": " "}, "question must be a non-empty string"),
        ({"facts": []}, "has no facts"),
        ({"facts": [[]]}, "facts must hold non-empty strings"),
        ({"evidence": []}, "has no evidence"),
        ({"evidence": [{"document": "a.pdf", "pages": [0]}]}, "whole numbers from 1"),
        ({"evidence": [{"document": "a.pdf", "pages": [True]}]}, "whole numbers from 1"),
        ({"evidence": [{"document": "a.pdf"}]}, "document and pages"),
        ({"chunk": "x"}, "unknown keys chunk"),
    ],
)
def test_a_bad_item_is_named_with_file_and_line(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = _write(tmp_path / "g.jsonl", plain(gold(id="fine")), plain(gold()) | change)
    with pytest.raises(GoldError, match=r"g\.jsonl:2: ") as caught:
        load_gold(path)
    assert said in str(caught.value)


def test_a_repeated_id_names_both_lines(tmp_path: Path) -> None:
    path = _write(tmp_path / "g.jsonl", plain(gold()), plain(gold()))
    with pytest.raises(GoldError, match=r"g\.jsonl:2: id 't-1' stands in line 1 already"):
        load_gold(path)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_items_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(GoldError, match="no items"):
        load_gold(_write(tmp_path / "g.jsonl", content))


def test_a_line_that_is_no_json_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"g\.jsonl:1: "):
        load_gold(_write(tmp_path / "g.jsonl", "{"))
    with pytest.raises(GoldError, match="cannot be read"):
        load_gold(tmp_path / "none.jsonl")


def test_a_bootstrap_cluster_is_the_evidence_document_else_the_document_asked_about() -> None:
    assert gold().cluster == "pack.pdf"
    refuse = {"expect": "refuse", "type": "unanswerable", "evidence": [], "facts": [], "quotes": []}
    assert gold(**refuse, about="bms.pdf").cluster == "bms.pdf"
    assert gold(**refuse).cluster == "t-1"


def test_the_development_gold_loads_where_it_is_there() -> None:
    path = Path(__file__).parents[3] / "shared" / "dev" / "gold.jsonl"
    if not path.is_file():
        pytest.skip("the development set is not on this machine")
    items = load_gold(path)
    assert len(items) == 135
    assert sum(item.answerable for item in items) == 91


def test_filters_are_those_of_the_api_with_one_value_or_several() -> None:
    item = gold(filters={"product": "PX-6", "doc_type": ["manual", "bulletin"]})
    assert item.filters == {"product": ("PX-6",), "doc_type": ("manual", "bulletin")}
    for wrong in ({"colour": "red"}, {"product": []}, ["product"]):
        with pytest.raises(ValueError, match="filters"):
            gold(filters=wrong)


def test_files_read_as_one_set_share_no_id(tmp_path: Path) -> None:
    for name, ids in {"a": ("1", "2"), "b": ("3",), "c": ("2",)}.items():
        (tmp_path / name).write_text("".join(json.dumps(plain(gold(id=one))) + "\n" for one in ids), "utf-8")
    assert [item.item_id for item in load_golds([tmp_path / "a", tmp_path / "b"])] == ["1", "2", "3"]
    with pytest.raises(GoldError, match="'2' stands in another of the files"):
        load_golds([tmp_path / "a", tmp_path / "c"])
