"""Hand-labelled pairs of sentence and quotes in, how a judge does on them out: kappa with its interval, and what it confuses.

Pairs come from three sources. "run": sentences drawn at random from a run over the sample corpus; only they stand for what the system says,
and only they put a run's mean right. "paraphrase": true, in other words. "altered": false by one change, whose kind is named. Kappa is over
all of them: a judge that has never seen a false sentence is not known. Pairs of a later round were written after the deterministic
scorer had been mended on what the rounds before had shown: the last round tells what that was worth.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.agreement import kappa_figure
from eval.judge import Judge, Judged
from eval.stats import Figure

LABELS = Path(__file__).parent / "gold" / "judged.jsonl"
SOURCES = ("run", "paraphrase", "altered")
DEVELOPMENT = ("tarn19-hvb-service-manual.pdf", "service-bulletin-sb-26-07.pdf")
"""Documents on which thresholds may be chosen (eval/gold/HOWTO.md)."""


class LabelError(ValueError):
    """A file of labels cannot be used; the text starts with file and line."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence, the quotes it stands on, and whether a person found that they carry it. `kind` says what was altered."""

    pair_id: str
    source: str
    document: str
    quotes: tuple[str, ...]
    sentence: str
    supported: bool
    kind: str = ""
    round: int = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge against the labels."""

    judge: str
    kappa: Figure
    by_side: Mapping[str, Figure]
    confusion: Mapping[str, int]
    passed: Mapping[str, str]
    failures: Mapping[str, int]
    verdicts: Sequence[bool | None]

    def to_json(self) -> dict[str, Any]:
        """As it is written into a report."""
        return {
            **{"judge": self.judge, "kappa": self.kappa.to_json(), "by_side": {side: one.to_json() for side, one in self.by_side.items()}},
            **{"confusion": dict(self.confusion), "judged_supported": dict(self.passed), "failures": dict(self.failures)},
        }


def load_labels(path: Path = LABELS) -> list[Pair]:
    """Every pair of the file. Raises LabelError."""
    pairs: list[Pair] = []
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{path}: cannot be read ({error})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            pairs.append(_pair(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise LabelError(f"{path}:{number}: {type(error).__name__} {error}") from error
    if not pairs or len({pair.pair_id for pair in pairs}) < len(pairs):
        raise LabelError(f"{path}: no pairs, or an id twice")
    return pairs


def _pair(fields: Mapping[str, Any]) -> Pair:
    pair = Pair(
        **{"pair_id": fields["id"], "source": fields["source"], "document": fields["document"], "quotes": tuple(fields["quotes"])},
        **{
            "sentence": fields["sentence"],
            "supported": fields["supported"],
            "kind": fields.get("kind", ""),
            "round": fields.get("round", 1),
        },
    )
    texts = (pair.pair_id, pair.document, pair.sentence, *pair.quotes)
    if pair.source not in SOURCES or not isinstance(pair.supported, bool) or not pair.quotes or not all(map(str.strip, texts)):
        raise ValueError("source must be known, supported true or false, and id, document, sentence and quotes not empty")
    return pair


def calibrate(judge: Judge, pairs: Sequence[Pair], *, clients: int = 1) -> Calibration:
    """Judge every pair, `clients` at a time."""
    with ThreadPoolExecutor(max_workers=clients, thread_name_prefix="evdocs-judge") as pool:
        judged = list(pool.map(lambda pair: judge.support(pair.sentence, pair.quotes), pairs))
    verdicts = [one.value for one in judged]
    both = list(zip(pairs, verdicts, strict=True))
    by_side = {
        "development": _kappa([(pair, verdict) for pair, verdict in both if pair.document in DEVELOPMENT]),
        "test": _kappa([(pair, verdict) for pair, verdict in both if pair.document not in DEVELOPMENT]),
        "last round": _kappa([(pair, verdict) for pair, verdict in both if pair.round == max(one.round for one in pairs)]),
    }
    return Calibration(
        judge.label,
        _kappa(both),
        by_side,
        Counter(_cell(pair, verdict) for pair, verdict in both),
        dict(_passed(pairs, judged)),
        Counter(one.reason for one in judged if one.value is None),
        verdicts,
    )


def _kappa(judged: Sequence[tuple[Pair, bool | None]]) -> Figure:
    return kappa_figure([v for _, v in judged], [p.supported for p, _ in judged], ["\n".join(p.quotes) for p, _ in judged])


def _cell(pair: Pair, verdict: bool | None) -> str:
    said = "unjudged" if verdict is None else "judged supported" if verdict else "judged unsupported"
    return f"{'supported' if pair.supported else 'unsupported'}, {said}"


def _passed(pairs: Sequence[Pair], judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    """How many of each source, and of each kind of alteration, were judged supported: "12 of 51"."""
    groups: dict[str, list[bool]] = {}
    for pair, one in zip(pairs, judged, strict=True):
        for name in (pair.source, *([f"altered: {pair.kind}"] if pair.kind else [])):
            groups.setdefault(name, []).append(bool(one.value))
    for name in sorted(groups, key=lambda name: (":" in name, name)):
        yield name, f"{sum(groups[name])} of {len(groups[name])}"


def table(found: Calibration) -> Iterator[str]:
    """The calibration as lines of text."""
    yield f"judge {found.judge}"
    for name, one in (("all", found.kappa), *found.by_side.items()):
        interval = "" if one.low is None or one.high is None else f"  [{one.low:.3f}, {one.high:.3f}]"
        yield f"  kappa, {name:12} {'-' if one.value is None else f'{one.value:.3f}'}{interval}  n_valid {one.n_valid} of {one.n}"
    yield from (f"  {count:4} {cell}" for cell, count in sorted(found.confusion.items()))
    yield from (f"  judged supported, {name}: {count}" for name, count in found.passed.items())
    yield from (f"  {count:4} unjudged: {reason}" for reason, count in found.failures.items())
