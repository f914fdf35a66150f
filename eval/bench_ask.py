"""How fast a running service answers: questions of a gold file in, milliseconds by stage for one client and what many clients at once
are told out.

    python -m eval.bench_ask --url http://127.0.0.1:8000 --gold eval/gold/sample.jsonl [--n 60] [--clients 1 50] [--json OUT]

The count and the time are bounded, and only a service on the loopback is asked unless --remote is given. Nothing is judged here.
"""

from __future__ import annotations

import argparse
import collections
import ipaddress
import json
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np

from eval.items import GoldError, load_gold

MAX_N = 2000
MAX_CLIENTS = 200
MAX_S = 300.0
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: `status` 0 where there was no answer at all; milliseconds by stage, "http" being the caller's own clock."""

    status: int
    timings_ms: Mapping[str, float]
    retry_after: bool = True


@dataclass(frozen=True, slots=True)
class Round:
    """What `clients` at once met: answers by status, rejections without Retry-After, and p50 / p95 of each stage."""

    clients: int
    asked: int
    seconds: float
    statuses: dict[str, int]
    without_retry_after: int
    stages_ms: dict[str, tuple[float, float]]


def ask(client: httpx.Client, question: str) -> Asked:
    """Ask once; being turned away is a result."""
    started = time.perf_counter()
    try:
        response = client.post("/v1/ask", json={"question": question})
    except httpx.HTTPError:
        return Asked(0, {})
    elapsed_ms = (time.perf_counter() - started) * 1000
    if response.status_code != 200:
        return Asked(response.status_code, {}, "retry-after" in response.headers)
    return Asked(200, {**response.json()["timings_ms"], "http": elapsed_ms})


def measure(url: str, questions: Sequence[str], clients: int) -> Round:
    """Ask all questions with this many clients, each on a connection of its own, for at most MAX_S."""
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    started = time.perf_counter()

    def one(question: str) -> Asked | None:
        return ask(client, question) if time.perf_counter() - started < MAX_S else None

    with httpx.Client(base_url=url, timeout=120, limits=limits, trust_env=False) as client, ThreadPoolExecutor(clients) as pool:
        asked = [result for result in pool.map(one, questions) if result is not None]
    seconds = time.perf_counter() - started
    answered = [result.timings_ms for result in asked if result.status == 200]
    stages = {name: [timings[name] for timings in answered] for name in (answered[0] if answered else {})}
    return Round(
        clients=clients,
        asked=len(asked),
        seconds=seconds,
        statuses={str(status): count for status, count in sorted(collections.Counter(result.status for result in asked).items())},
        without_retry_after=sum(not result.retry_after for result in asked),
        stages_ms={name: (float(np.percentile(values, 50)), float(np.percentile(values, 95))) for name, values in stages.items()},
    )


def table(result: Round) -> str:
    """The figures for a terminal."""
    rate = result.statuses.get("200", 0) / result.seconds
    lines = [
        f"{result.clients} client{'s' * (result.clients != 1)}: {result.asked} questions in {result.seconds:.1f} s, {rate:.1f} answers/s"
    ]
    lines.append("  status  " + ", ".join(f"{status or 'none'}: {count}" for status, count in result.statuses.items()))
    if result.without_retry_after:
        lines.append(f"  {result.without_retry_after} were turned away without Retry-After")
    lines += [f"  {name:8} p50 {p50:8.1f} ms   p95 {p95:8.1f} ms" for name, (p50, p95) in result.stages_ms.items()]
    return "\n".join(lines)


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 2 where there is nothing to ask, nobody to ask, or somebody who must not be asked."""
    parser = argparse.ArgumentParser(prog="python -m eval.bench_ask", description="Latency of a running service, by stage.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--gold", required=True, type=Path, help="questions to ask (JSON lines)")
    parser.add_argument("--n", type=int, default=60, help=f"questions a round, at most {MAX_N}")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 50], help=f"clients at once, a round each, at most {MAX_CLIENTS}")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--remote", action="store_true", help="ask a service that is not on this machine")
    args = parser.parse_args(argv)
    if not args.remote and not is_loopback(args.url):
        parser.error("--url is not on this machine; --remote says that this is meant")
    if not 1 <= args.n <= MAX_N or not all(1 <= clients <= MAX_CLIENTS for clients in args.clients):
        parser.error(f"--n goes from 1 to {MAX_N}, --clients from 1 to {MAX_CLIENTS}")
    try:
        pool = [item.question for item in load_gold(args.gold)]
        with httpx.Client(base_url=args.url, timeout=120, trust_env=False) as client:
            client.get("/readyz").raise_for_status()
            for question in pool[:WARM_UP]:
                ask(client, question)
    except (GoldError, OSError, httpx.HTTPError) as error:
        print(f"bench_ask: {error}", file=sys.stderr)
        return 2
    questions = list(islice(cycle(pool), args.n))
    rounds = [measure(args.url, questions, clients) for clients in args.clients]
    print("\n".join(map(table, rounds)))
    if args.json:
        args.json.write_text(json.dumps([asdict(result) for result in rounds], indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
