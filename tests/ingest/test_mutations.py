"""Real PDFs with seeded damage: each ends in text or a typed error, like the hostile ones."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import pypdf
import pytest
from ordeal import endure, left_behind
from pdfs import FILLER, labelled_pdf, scanned_pdf, typst_pdf
from pypdf.generic import DecodedStreamObject, StreamObject

import ingest

ROOT = Path(ingest.__file__).parent.parent
SAMPLE = sorted((ROOT / "corpora" / "sample").glob("*.pdf"))
DEV = sorted((ROOT.parent / "shared" / "dev" / "pdf").glob("*.pdf"))
MOST_BYTES = 600_000
_TOKEN = re.compile(
    rb"/[A-Za-z0-9]+|\b\d+ 0 R\b|\bendobj\b|\bendstream\b|\bstream\b|\bxref\b|\btrailer\b|\d+(?:\.\d+)?|<<|>>|\[|\]|\bTj\b|\bTm\b"
)
Damage = Callable[[bytes, random.Random], bytes]


def flip_bits(whole: bytes, draw: random.Random) -> bytes:
    changed = bytearray(whole)
    for _ in range(draw.choice((1, 10, 200))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut_out(whole: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(9, len(whole))
    return whole[:at] + whole[at + draw.choice((1, 100, 5000, len(whole))) :]


def swap_blocks(whole: bytes, draw: random.Random) -> bytes:
    size = draw.choice((16, 512, 8192))
    a, b = sorted(draw.randrange(9, max(10, len(whole) - size)) for _ in range(2))
    return whole[:a] + whole[b : b + size] + whole[a + size : b] + whole[a : a + size] + whole[b + size :]


def repeat_block(whole: bytes, draw: random.Random) -> bytes:
    at, size = draw.randrange(9, len(whole)), draw.choice((16, 512, 8192))
    return whole[:at] + whole[at : at + size] * draw.choice((2, 50)) + whole[at + size :]


def replace_tokens(whole: bytes, draw: random.Random) -> bytes:
    tokens = list(_TOKEN.finditer(whole))
    for token in sorted(draw.sample(tokens, min(len(tokens), draw.choice((1, 5, 40)))), key=lambda found: -found.start()):
        new = draw.choice((draw.choice(tokens).group(), b"0", b"-1", b"2147483648", b"99999999999999999999", b"null", b"1 0 R"))
        whole = whole[: token.start()] + new + whole[token.end() :]
    return whole


DAMAGES: tuple[Damage, ...] = (flip_bits, cut_out, swap_blocks, repeat_block, replace_tokens, replace_tokens)


def unpacked(path: Path) -> bytes:
    """The file with its streams and objects in the open, so that damage reaches more than a compressed block."""
    writer = pypdf.PdfWriter(clone_from=path)
    for number, item in enumerate(writer._objects):
        if isinstance(item, StreamObject) and item.get("/Subtype") != "/Image" and "/FunctionType" not in item:
            plain = DecodedStreamObject()
            plain.set_data(item.get_data())
            plain.update({key: value for key, value in item.items() if key not in ("/Filter", "/DecodeParms", "/Length")})
            writer._objects[number] = plain
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def sources(folder: Path, *more: Path) -> list[Callable[[], bytes]]:
    """What gives files to damage, as they are and unpacked; small ones only, so that 300 take minutes."""
    made = [
        typst_pdf(
            folder, f"#outline()\n= Pump\n{FILLER}\n#table(columns: 2, [Screw], [Torque], [M8], [7 Nm])\n+ One.\n+ Two.", "typed.pdf"
        ),
        labelled_pdf(folder, "= Fan\n" + FILLER, "4-", "labels.pdf"),
        scanned_pdf(folder),
    ]
    files = [*made, *(path for path in more if path.stat().st_size < MOST_BYTES)]
    return [cache(partial(read, path)) for path in files for read in (Path.read_bytes, unpacked)]


def mutations(originals: Sequence[Callable[[], bytes]], seeds: range) -> list[tuple[str, Callable[[], bytes]]]:
    """A damaged file a seed, the same in every run over the same sources."""

    def damaged(seed: int) -> bytes:
        whole = originals[seed % len(originals)]()
        return DAMAGES[seed // len(originals) % len(DAMAGES)](whole, random.Random(seed))

    return [(f"mutation-{seed:03d}", partial(damaged, seed)) for seed in seeds]


def test_a_few_mutations_end_in_text_or_a_typed_error(tmp_path: Path) -> None:
    outcomes = endure(mutations(sources(tmp_path), range(0, 36, 6)), tmp_path)
    assert len(outcomes) == 6
    assert not [outcome.fault for outcome in outcomes.values() if outcome.fault]
    assert not left_behind(tmp_path)


@pytest.mark.slow
def test_three_hundred_mutations_end_in_text_or_a_typed_error(tmp_path: Path) -> None:
    outcomes = endure(mutations(sources(tmp_path, *SAMPLE, *DEV), range(300)), tmp_path)
    assert len(outcomes) == 300
    assert not [outcome.fault for outcome in outcomes.values() if outcome.fault]
    assert sum(outcome.parsed is not None for outcome in outcomes.values()) > 150  # most damage is survived, not refused
    assert not left_behind(tmp_path)
