"""Questions to train on: a record, and the readers of the domain and general sets (../shared/train/README.md lists their licences).

In: the folder of the training material. Out: questions over a list of readings ("context: text"), each with the readings that are gold for
it. It must not know scores or batches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

WORD = re.compile(r"\w+")
_WINDOW = 150  # words of one reading made of a long general text


@dataclass(frozen=True, slots=True)
class Question:
    """A question over a corpus' readings. `gold` are readings to be ranked first; `answers` says what the second output shall give
    for them: 1 they answer, 0 they do not (a near miss), None unknown. Readings holding `unsure` words may answer, so nothing is
    taught about them; the same holds for readings beside the gold ones that hold all words of `answer`."""

    text: str
    kind: str
    document: str
    gold: tuple[int, ...]
    answers: int | None
    unsure: str = ""
    answer: str = ""
    candidates: tuple[int, ...] = ()
    teacher: tuple[float, ...] = ()


@dataclass(slots=True)
class Readings:
    """What the cross-encoder reads: text, document and family (siblings share one) of each, and the pages it stands on (0, 0: none)."""

    texts: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    pages: list[tuple[int, int]] = field(default_factory=list)
    sections: list[tuple[str, ...]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(
        self, context: str, body: str, document: str, pages: tuple[int, int] = (0, 0), section: tuple[str, ...] = (), kind: str = ""
    ) -> int:
        """The place of the new reading."""
        self.texts.append(f"{context}: {body}" if context else body)
        self.bodies.append(body)
        self.documents.append(document)
        self.pages.append(pages)
        self.sections.append(section)
        self.kinds.append(kind)
        return len(self.texts) - 1


def words(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return WORD.findall(text.lower())


def family(document: str) -> str:
    """Documents of one maker or project are siblings: the first part of the file name."""
    return re.split(r"__|-|_", document)[0]


def domain_questions(path: Path, readings: Readings) -> list[Question]:
    """The written questions; gold are the readings of the document that hold the evidence quote (most of its word pairs)."""
    places: dict[str, list[int]] = {}
    for place, document in enumerate(readings.documents):
        places.setdefault(document, []).append(place)
    pairs = [_pairs(words(text)) for text in readings.texts]
    found = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        document = row["document"] if row["document"] in places else f"{row['document']}.txt"
        gold = _holding(row["quote"], row["page"], places.get(document, []), pairs, readings)
        answered = row["answer"] is not None
        if answered and not gold:
            continue
        found.append(
            Question(row["question"], "domain" if answered else "unanswerable", document, gold, int(answered), answer=row["answer"] or "")
        )  # fmt: skip
    return found


def _pairs(found: Sequence[str]) -> set[tuple[str, str]]:
    return set(pairwise(found)) or {(word, "") for word in found}


def _holding(
    quote: str, page: int | None, places: Sequence[int], pairs: Sequence[set[tuple[str, str]]], readings: Readings
) -> tuple[int, ...]:
    wanted = _pairs(words(quote))
    if not wanted or not places:
        return ()
    share = {place: len(wanted & pairs[place]) / len(wanted) for place in places}
    if page is not None:
        on_page = {place: value for place, value in share.items() if readings.pages[place][0] <= page <= readings.pages[place][1]}
        share = on_page or share
    best = max(share.values())
    if best < 0.35:
        return ()
    kept = sorted((place for place, value in share.items() if value >= 0.75 * best), key=lambda place: -share[place])
    return tuple(kept[:3])


def general_questions(folder: Path, readings: Readings) -> list[Question]:
    """Questions of the general sets that lie in `folder`; their passages are added to `readings`."""
    found: list[Question] = []
    for name, reader in (
        ("squad2_cs224n_dev.json", _squad),
        ("xquad.en.json", _squad),
        ("policyqa_dev.json", _squad),
        ("policyqa_test.json", _squad),
        ("covidqa_200421.json", _squad),
        ("pubmedqa_ori_pqal.json", _pubmed),
        ("clapnq_dev_answerable.jsonl", _clapnq),
        ("clapnq_dev_unanswerable.jsonl", _clapnq),
    ):
        path = folder / name
        if path.is_file():
            found += reader(path, readings)
    return found


def _squad(path: Path, readings: Readings) -> Iterator[Question]:
    per_passage = {"policyqa": 2, "covidqa": 99}.get(path.name.split("_")[0], 99)
    for number, article in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        document = f"{path.name}#{number}"
        title = str(article.get("title", "")).replace("_", " ")
        for paragraph in article["paragraphs"]:
            windows = list(_windows(paragraph["context"]))
            places: dict[int, int] = {}
            for asked in paragraph["qas"][:per_passage]:
                answered = [answer for answer in asked.get("answers", []) if answer.get("text")]
                near = answered or asked.get("plausible_answers") or [{"text": "", "answer_start": 0}]
                start = int(near[0]["answer_start"])
                window = next((n for n, (first, last, _) in enumerate(windows) if first <= start < last), 0)
                if window not in places:
                    places[window] = readings.add(title, windows[window][2], document)
                yield Question(asked["question"].strip(), "general", document, (places[window],), int(bool(answered)))


def _windows(text: str) -> Iterator[tuple[int, int, str]]:
    """(first character, end, text) of stretches of `_WINDOW` words; the last one takes a short rest along."""
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    for first in range(0, max(1, len(spans) - _WINDOW // 3), _WINDOW):
        last = len(spans) if len(spans) - first < _WINDOW * 4 // 3 else first + _WINDOW
        if spans:
            yield spans[first][0], spans[last - 1][1] + 1, text[spans[first][0] : spans[last - 1][1]]


def _pubmed(path: Path, readings: Readings) -> Iterator[Question]:
    for number, row in json.loads(path.read_text("utf-8")).items():
        place = readings.add("", " ".join(" ".join(row["CONTEXTS"]).split()[: _WINDOW + 30]), f"pubmedqa#{number}")
        yield Question(row["QUESTION"], "general", f"pubmedqa#{number}", (place,), None)


def _clapnq(path: Path, readings: Readings) -> Iterator[Question]:
    for line in path.read_text("utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        passage = row["passages"][0]
        document = f"clapnq#{passage['title']}"
        place = readings.add(passage["title"], " ".join(passage["text"].split()[: _WINDOW + 30]), document)
        yield Question(row["input"], "general", document, (place,), int("unanswerable" not in path.name))


def with_candidates(question: Question, candidates: Sequence[int], teacher: Sequence[float]) -> Question:
    """The question with the readings it is ranked over and the teacher's score of each."""
    return replace(question, candidates=tuple(candidates), teacher=tuple(teacher))
