"""Questions made by rule: pseudo-questions out of the readings, and near misses out of questions.

In: readings, written questions, a random generator. Out: questions. A near miss asks for what its passage does not say: its number, code,
part or opposite is swapped for another of the same kind, or it is put to another product. It must not know scores.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.models.reranker.questions import Question, Readings, family, words

CODE = re.compile(r"(?<![\w.,-])(?:0x[0-9A-Fa-f]+|[A-Z]{1,5}[-_]?\d{1,5}[A-Z]{0,2}|\d+(?:[.,]\d+)?)(?![\w,-]|\.\d)")
OPPOSITES = (
    "maximum minimum|max min|highest lowest|upper lower|high low|over under|positive negative|input output|open close|opened closed|"
    "charging discharging|charge discharge|front rear|left right|first last|start stop|enable disable|enabled disabled|on off|"
    "increase decrease|before after|primary secondary|master slave|transmit receive|read write|long short|hot cold|ac dc|inlet outlet|"
    "connect disconnect|red green|black white|source sink|internal external|rising falling|longer shorter|larger smaller|cell pack|"
    "voltage current|temperature pressure|torque speed|length width|weight volume"
)
PARTS = words(
    "motor inverter charger contactor relay fuse pump fan heater sensor connector cable battery module cell display controller compressor "
    "transformer resistor capacitor diode switch button led antenna housing cover bracket bolt screw gasket filter valve radiator gearbox "
    "brake pedal throttle encoder resolver shunt thermistor isolator transceiver converter supply adapter socket inlet"
)
_STOP = frozenset(
    words("a an the of to in on at for and or is are be by with from as it this that these which its not can may will shall when if")
)
_ASKED = ("what is the {}", "{}", "{}?", "what is {} of {n}", "{n} {}", "{} {n}", "which {} does the {n} have", "{} on the {n}")


def pseudo_questions(readings: Readings, names: Sequence[str], draw: random.Random, wanted: int) -> list[Question]:
    """About `wanted` questions made of rows, sentences and headings; `names[place]` is the product a reading is about ("": none)."""
    made: list[Question] = []
    seen: Counter[str] = Counter(" ".join(words(body)) for body in readings.bodies)
    places = [place for place, body in enumerate(readings.bodies) if len(words(body)) >= 6 and seen[" ".join(words(body))] == 1]
    while places and len(made) < wanted:
        place = draw.choice(places)
        name = names[place]
        lines = [line for line in readings.bodies[place].splitlines() if len(words(line)) >= 3]
        kind = draw.random()
        question = None
        if kind < 0.4 and len(lines) > 1:
            question = _of_row(lines, draw, name)
        elif kind < 0.85 and lines:
            question = _of_sentence(draw.choice(lines), draw, name)
        elif readings.sections[place]:
            question = _of_heading(readings.sections[place], draw, name)
        if question is not None:
            text, answers, label = question
            made.append(Question(text, "pseudo", readings.documents[place], (place,), answers, answer=label))
    return made


def _of_row(lines: Sequence[str], draw: random.Random, name: str) -> tuple[str, int | None, str] | None:
    """The label of a row (its words before the first number) asked for, with a word of the head row."""
    row = draw.choice(lines[1:])
    label: list[str] = []
    for word in row.split()[:7]:
        if label and re.search(r"\d", word):
            break
        label.append(word.strip(",;:()|"))
    if not (1 <= len(label) <= 6) or len(row.split()) <= len(label) or not re.search(r"\d", row):
        return None
    head = [word for word in words(lines[0]) if word.isalpha() and word not in _STOP and len(word) > 2]
    asked = " ".join(label)
    if head and draw.random() < 0.5:
        asked = f"{draw.choice(head)} {asked}" if draw.random() < 0.5 else f"{asked} {draw.choice(head)}"
    return _worded(asked, draw, name), 1, asked


def _of_sentence(line: str, draw: random.Random, name: str) -> tuple[str, int | None, str] | None:
    """Some of a sentence's words, in order, function words and some others dropped."""
    found = re.findall(r"[\w./%°-]+", line)
    if len(found) < 6:
        return None
    length = min(len(found), draw.randint(6, 16))
    start = draw.randint(0, len(found) - length)
    kept = [word for word in found[start : start + length] if (word.lower() not in _STOP or draw.random() < 0.3) and draw.random() < 0.75]
    if len(kept) < 3:
        return None
    return _worded(" ".join(kept[:9]), draw, name), None, ""


def _of_heading(section: Sequence[str], draw: random.Random, name: str) -> tuple[str, int | None, str] | None:
    heading = re.sub(r"^[\d.\sA-Z]{1,8}\s(?=\w)", "", section[-1]).strip()
    if len(words(heading)) < 2:
        return None
    if len(section) > 1 and draw.random() < 0.4:
        heading = f"{heading} {section[-2]}" if draw.random() < 0.5 else heading
    return _worded(heading, draw, name), None, ""


def _worded(asked: str, draw: random.Random, name: str) -> str:
    forms = _ASKED if name else _ASKED[:3]
    return draw.choice(forms).format(asked, n=name)


def near_misses(questions: Sequence[Question], readings: Readings, draw: random.Random, wanted: int) -> list[Question]:
    """Up to `wanted` questions whose number, code, part or direction is swapped for one that the gold passage does not hold."""
    inside: dict[str, list[int]] = {}
    for place, document in enumerate(readings.documents):
        inside.setdefault(document, []).append(place)
    made: list[Question] = []
    answerable = [question for question in questions if question.answers == 1 and question.gold]
    draw.shuffle(pool := list(answerable))
    for question in pool:
        if len(made) >= wanted:
            break
        gold = " ".join(readings.texts[place] for place in question.gold)
        swaps = list(_swaps(question.text, gold, readings, inside[question.document], draw))
        if swaps:
            text, new = draw.choice(swaps)
            made.append(replace(question, text=text, kind="near miss", answers=0, unsure=new))
    return made


def _swaps(text: str, gold: str, readings: Readings, places: Sequence[int], draw: random.Random) -> Iterator[tuple[str, str]]:
    """(question with one thing swapped, what was put in)."""
    held = gold.lower()
    held_words = set(words(gold))
    for match in CODE.finditer(text):
        code = match.group()
        if not re.search(rf"(?<!\w){re.escape(code.lower())}(?!\w)", held):
            continue
        shape = _form(code)
        near = [places[draw.randrange(len(places))] for _ in range(6)]
        others = {found for place in near for found in CODE.findall(readings.bodies[place]) if _form(found) == shape}
        new = [found for found in sorted(others) if found.lower() not in held and found != code]
        put = draw.choice(new) if new and draw.random() < 0.6 else _mutated(code, draw)
        if put.lower() not in held:
            yield text[: match.start()] + put + text[match.end() :], put
    for pair in OPPOSITES.split("|"):
        for old, put in (pair.split(), pair.split()[::-1]):
            if old in held_words and put not in held_words and (match2 := re.search(rf"\b{old}\b", text, re.IGNORECASE)):
                yield text[: match2.start()] + put + text[match2.end() :], put
    for match in re.finditer(r"[A-Za-z]+", text):
        old = match.group().lower()
        single = old.removesuffix("s")
        if single in PARTS and (old in held_words or single in held_words):
            put = draw.choice(PARTS)
            if put not in held and put + "s" not in held:
                yield text[: match.start()] + put + ("s" if old != single else "") + text[match.end() :], put


def _form(code: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"[A-Za-z]", "A", code))


def _mutated(code: str, draw: random.Random) -> str:
    at = draw.choice([place for place, char in enumerate(code) if char.isdigit() or (char in "ABCDEF" and code.startswith("0x"))][-3:])
    return code[:at] + draw.choice([digit for digit in "123456789" if digit != code[at]]) + code[at + 1 :]


def product_names(readings: Readings) -> dict[str, set[str]]:
    """Of each document: the words of its context line that name its product: they hold a digit, or few other documents have them."""
    titles = {document: text.split(" > ")[0] for document, text in zip(readings.documents, readings.texts, strict=True)}
    shared: Counter[str] = Counter()
    own = {}
    for document, title in titles.items():
        own[document] = {word for word in words(f"{title} {document.rsplit('.', 1)[0]}".replace("_", " ")) if len(word) > 2}
        shared.update(own[document])
    return {document: {word for word in found if shared[word] <= 6 and not word.isdigit()} for document, found in own.items()}


def moved_questions(questions: Sequence[Question], readings: Readings, draw: random.Random, wanted: int) -> list[Question]:
    """Answerable questions put to another product, whose documents do not speak of the matter: nothing answers them."""
    names = product_names(readings)
    mentions: dict[str, list[str]] = {}
    asked = [question for question in questions if question.kind == "domain"]
    for question in asked:
        found = _mention(question.text, names[question.document])
        if found:
            mentions.setdefault(question.document, []).append(found)
    vocabulary = {document: set() for document in names}  # type: dict[str, set[str]]
    for document, text in zip(readings.documents, readings.texts, strict=True):
        vocabulary[document] |= set(words(text))
    others = sorted(mentions)
    made: list[Question] = []
    for _ in range(wanted * 8):
        if len(made) >= wanted or not others:
            break
        question = draw.choice(asked)
        old = _mention(question.text, names[question.document])
        target = draw.choice(others)
        if not old or family(target) == family(question.document) or names[target] & names[question.document]:
            continue
        rest = {word for word in words(question.text.replace(old, "")) if word not in _STOP and len(word) > 3}
        if not rest or len(rest & vocabulary[target]) / len(rest) > 0.75:
            continue
        new = draw.choice(mentions[target])
        made.append(Question(question.text.replace(old, new), "moved", target, (), 0))
    return made


def _mention(text: str, names: set[str]) -> str:
    """The longest run of the question's words that name the product."""
    runs: list[tuple[int, int]] = []
    for match in re.finditer(r"[\w-]+", text):
        if all(word in names for word in words(match.group())) and len(match.group()) > 2:
            if runs and text[runs[-1][1] : match.start()] == " ":
                runs[-1] = (runs[-1][0], match.end())
            else:
                runs.append(match.span())
    return max((text[first:last] for first, last in runs), key=len, default="")
