"""The sweep fuses what the service would, and chooses without the documents it reports on."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from rich.console import Console

from eval.fit_ranking import Listed
from eval.items import load_gold
from eval.sweep_fusion import Setting, candidates, chosen, search
from service.candidates import candidates as served
from service.core.ports import Rag
from service.query.understand import understand
from service.retrieve import POOL
from service.signals import PLAIN
from service.stages import Stages

GOLD = Path(__file__).parents[2] / "eval" / "gold" / "sample.jsonl"


def test_the_served_setting_gives_the_candidates_that_are_served(sample_rag: Rag) -> None:
    items = [item for item in load_gold(GOLD) if item.answerable][::60]
    found = search(sample_rag, items, Console(quiet=True))
    assert found
    for one in found:
        query = understand(one.item.question, sample_rag.index)
        stages = Stages(sample_rag.tracer, time.monotonic() + 30)
        own, theirs = candidates(one, Setting()), served(sample_rag, [query], {}, POOL, stages)
        assert [entry.chunk for entry in own] == [entry.chunk for entry in theirs]
        assert [(entry.fused, entry.dense, entry.lexical, entry.code, entry.product) for entry in own] == [
            (entry.fused, entry.dense, entry.lexical, entry.code, entry.product) for entry in theirs
        ]
        assert [entry.late is None for entry in own] == [entry.late is None for entry in theirs]
        assert len(candidates(one, Setting(pool=3))) == 3


def test_a_setting_is_chosen_by_other_documents_only() -> None:
    lists = [Listed(np.zeros((1, len(PLAIN))), np.zeros(1), np.ones(1, bool), True, f"d{at}") for at in range(10)]
    # "wide" is better on nine documents, "narrow" on d3 alone: d3 must be reported under "wide" all the same.
    found = {"narrow": [0 if at == 3 else 5 for at in range(10)], "wide": [9 if at == 3 else 0 for at in range(10)]}
    told, names = chosen(lists, found)
    assert set(names) == {"wide"}
    assert told == found["wide"]
