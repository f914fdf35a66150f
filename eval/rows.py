"""The form of a run on disk. This docstring is the contract other modules read runs by; FORMAT rises when it changes.

    RUN/run.json        what was run (written first; a run is resumed only where its `fingerprint` is the same)
    RUN/results.jsonl   one row an item, in the order of the gold file; the same bytes on every rerun in extractive mode
    RUN/timings.jsonl   what differs between reruns, a line for each line of results.jsonl
    RUN/summary.json    every figure with n, n_valid and interval; the same bytes on every rerun
    RUN/latency.json    p50 and p95 by stage, pace, seconds, peak memory, when the run began and ended

run.json: {"format", "fingerprint": 16 hex digits of a hash over all the rest, "gold": [file names], "gold_sha256" (over the items asked),
"n", "mode": "extractive"|"llm", "seed", "system": {"kind": "in process"|"http", "models", "index", "settings"?, "precision"?, "url"?},
"build_id", "models", "git_commit", "code_sha256" (over all Python files and packaged JSON)}

A row of results.jsonl:
    record "item" · id, question, type, difficulty, expect, filters · expected (reference answer), facts, quotes, owed (notices), reason,
    about, evidence and also [{"document", "pages"}] · cluster (document, unit of the bootstrap) · item_sha (12 hex digits of a hash)
    metrics          name -> number | bool | null (no meaning for this item); see `eval.metrics.item_values`
    hits             at most 20, best first, as `POST /v1/search` gives them; text only in the first TEXTS
    searches         {"dense"|"lexical"|"exact"|"late"|"fused"|"rerank": rank (from 1) of the first gold page in that search's own ten best
                     | null}; null as a whole where the system does not show them (over HTTP)
    status, answer, citations, notices, refusal, confidence, mode, verification, degraded, models, index    as `POST /v1/ask` gives them
    usage            {"input_tokens", "output_tokens", "cost"} | null
    citation_checks  [{"marker", "file", "page", "form", "fault"}] against the document itself; fault "" is valid; nearest_checks the same
    numbers, support {"n", "verified" | "supported", "missing": [text]}
    notices_carried  [bool], parallel to `owed`
    unused_citations, not_indexed [file names], error (null | why the item failed; it then has every value of a failure)
A line of timings.jsonl: {"id", "trace_id", "timings_ms": {"ask": {stage: ms}, "search": {...}, "client": {"ask", ...}}, "reference_ms"}
`client` is what this side waited; `reference_ms` is a fixed piece of work timed beside the item (`eval.pace`).

In memory a row is both lines in one: `merged(result, timing)`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

FORMAT = 2
TEXTS = 10
VOLATILE = ("trace_id", "timings_ms", "reference_ms")
RUN, RESULTS, TIMINGS, SUMMARY, LATENCY = "run.json", "results.jsonl", "timings.jsonl", "summary.json", "latency.json"
_DECIMALS = 5

Json = dict[str, Any]


class RunError(ValueError):
    """A run cannot be read or gone on with; the text names the folder and says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back. `rows` are merged; `complete` where every item has one."""

    path: Path
    config: Json
    rows: list[Json]
    summary: Json
    latency: Json

    @property
    def complete(self) -> bool:
        return len(self.rows) == int(self.config["n"])

    @property
    def by_id(self) -> dict[str, Json]:
        """Rows by the id of their item."""
        return {row["id"]: row for row in self.rows}


def split(row: Mapping[str, Any]) -> tuple[Json, Json]:
    """A merged row as (result, timing)."""
    result = {name: value for name, value in row.items() if name not in VOLATILE}
    return rounded(result), {"id": row["id"], **{name: row.get(name) for name in VOLATILE}}


def merged(result: Mapping[str, Any], timing: Mapping[str, Any]) -> Json:
    """Inverse of `split`, but for the rounding."""
    return {**result, **{name: timing.get(name) for name in VOLATILE}}


def rounded(value: Any) -> Any:
    """Floats to five decimals: enough for every figure, and no row hangs on the last bits of a product."""
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0  # no minus zero
    if isinstance(value, Mapping):
        return {name: rounded(own) for name, own in value.items()}
    return [rounded(own) for own in value] if isinstance(value, list | tuple) else value


def line(record: Mapping[str, Any]) -> str:
    """One record as its line, compact, the same for the same values. Raises ValueError on NaN."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def pretty(record: Mapping[str, Any]) -> str:
    """A record as a file of its own."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def fingerprint(value: Any, digits: int = 16) -> str:
    """Hex digits of a hash over a JSON value."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def whole_lines(path: Path) -> list[bytes]:
    """The complete lines of a file, none where there is no file; a last line without its end, which a killed run leaves, is not one."""
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def load_run(path: Path) -> Run:
    """A run folder, also one that is not complete. Raises RunError."""
    try:
        config = json.loads((path / RUN).read_text("utf-8"))
        if config.get("format") != FORMAT:
            raise RunError(f"{path}: this run has format {config.get('format')}, this version reads {FORMAT}")
        pairs = zip(whole_lines(path / RESULTS), whole_lines(path / TIMINGS), strict=False)
        rows = [merged(json.loads(result), json.loads(timing)) for result, timing in pairs]
        summary, latency = (_optional(path / name) for name in (SUMMARY, LATENCY))
    except (OSError, ValueError) as error:
        raise error if isinstance(error, RunError) else RunError(f"{path}: no run that can be read ({error})") from error
    return Run(path, config, rows, summary, latency)


def _optional(path: Path) -> Json:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}
