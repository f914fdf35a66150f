"""Counts and durations in, Prometheus text out (exposition format 0.0.4). Thread-safe; it knows nothing about requests.

Label values come from fixed sets (route templates, statuses, stages), so the number of series is bounded.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS = "evdocs_requests_total"
STAGES = "evdocs_stage_seconds"
ANSWERS = "evdocs_answers_total"
REFUSALS = "evdocs_refusals_total"
DEGRADED = "evdocs_degraded_total"
LLM_TOKENS = "evdocs_llm_tokens_total"
LLM_COST = "evdocs_llm_cost_total"
QUEUE = "evdocs_queue_length"
READY = "evdocs_ready"
DOCUMENTS = "evdocs_documents"
CHUNKS = "evdocs_chunks"

_HELP = {
    REQUESTS: ("counter", "HTTP requests by route, method and status."),
    STAGES: ("histogram", "Seconds spent in each stage of a question."),
    ANSWERS: ("counter", "Answers by status."),
    REFUSALS: ("counter", "Refused questions by reason."),
    DEGRADED: ("counter", "Answers that had to do without a part."),
    LLM_TOKENS: ("counter", "Tokens language models read and wrote, by kind."),
    LLM_COST: ("counter", "What language models cost, in the currency of EVDOCS_LLM_PRICE."),
    QUEUE: ("gauge", "Questions waiting for the models."),
    READY: ("gauge", "1 when an index is open and the models are loaded."),
    DOCUMENTS: ("gauge", "Documents in the index being served."),
    CHUNKS: ("gauge", "Chunks in the index being served."),
}

Labels = tuple[tuple[str, str], ...]


def _labels(labels: Labels, *more: tuple[str, str]) -> str:
    pairs = [*labels, *more]
    if not pairs:
        return ""
    escaped = ((name, value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")) for name, value in pairs)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"


class Metrics:
    """The figures of one running service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, dict[Labels, float]] = {}
        self._buckets: dict[str, dict[Labels, list[int]]] = {}
        self._sums: dict[str, dict[Labels, float]] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            series = self._counters.setdefault(name, {})
            series[key] = series.get(key, 0) + amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add one duration to a histogram."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            counts = self._buckets.setdefault(name, {}).setdefault(key, [0] * (len(BUCKETS_S) + 1))
            counts[bisect_left(BUCKETS_S, seconds)] += 1
            sums = self._sums.setdefault(name, {})
            sums[key] = sums.get(key, 0.0) + seconds

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Register a figure that is read when it is asked for."""
        self._gauges[name] = read

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        lines: list[str] = []
        with self._lock:
            for name, series in sorted(self._counters.items()):
                lines += self._head(name)
                lines += [f"{name}{_labels(key)} {value:.12g}" for key, value in sorted(series.items())]
            for name, histograms in sorted(self._buckets.items()):
                lines += self._head(name)
                for key, counts in sorted(histograms.items()):
                    lines += self._histogram(name, key, counts)
        for name, read in sorted(self._gauges.items()):
            lines += [*self._head(name), f"{name} {read():g}"]
        return "\n".join(lines) + "\n"

    def _head(self, name: str) -> list[str]:
        kind, sentence = _HELP[name]
        return [f"# HELP {name} {sentence}", f"# TYPE {name} {kind}"]

    def _histogram(self, name: str, key: Labels, counts: list[int]) -> list[str]:
        lines, total = [], 0
        for bound, count in zip((*(f"{edge:g}" for edge in BUCKETS_S), "+Inf"), counts, strict=True):
            total += count
            lines.append(f"{name}_bucket{_labels(key, ('le', bound))} {total}")
        return [*lines, f"{name}_sum{_labels(key)} {self._sums[name][key]:.6f}", f"{name}_count{_labels(key)} {total}"]
