"""Rows in, how long things took out: by stage, against the machine's own speed, and in memory. What stands here differs between reruns."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from typing import Any

from eval.rows import Json
from eval.stats import percentile


def latency(rows: Sequence[Json]) -> Json:
    """p50 and p95 in milliseconds by stage (`ask STAGE` as the service measured it, `client ask` and `client search` as seen from here,
    waiting for a busy service included), and the pace: p50 and p95 of an answer in units of the reference work beside it."""
    stages: dict[str, list[float]] = {}
    for row in rows:
        for source in ("ask", "client"):
            for stage, value in ((row["timings_ms"] or {}).get(source) or {}).items():
                if isinstance(value, int | float):
                    stages.setdefault(f"{source} {stage}", []).append(float(value))
    return {"stages_ms": {name: _spread(values) for name, values in stages.items()}, "pace": pace(rows)}


def _spread(values: Sequence[float]) -> dict[str, float | int | None]:
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "n": len(values)}


def pace(rows: Sequence[Json]) -> dict[str, Any]:
    """An answer's time over that of the reference work, as medians of the run: what is compared between runs on machines of any load.
    Items that failed, and answers that took no search (screened questions), are left out; None where none is left."""
    asked = [row for row in rows if not row["error"] and row["hits"] and (row["timings_ms"]["ask"] or {}).get("answer")]
    took = [float(row["timings_ms"]["client"]["ask"]) for row in asked]
    reference = percentile([float(row["reference_ms"]) for row in asked], 0.5)
    spread = _spread(took)
    return {
        "p50": spread["p50"] / reference if reference and spread["p50"] else None,
        "p95": spread["p95"] / reference if reference and spread["p95"] else None,
        "reference_ms": reference,
        "n": len(asked),
    }


def peak_bytes() -> int:
    """Most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
