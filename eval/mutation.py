"""Proof that the gate works: twelve planted regressions, each caught and named by the right metric; reruns without a change, none refused.

    python -m eval.mutation --documents corpora/sample --gold eval/gold/sample.jsonl eval/gold/sample_filters.jsonl --work var/mutation

A sound run is made and accepted, then each mutant is run and held against it. Runs are kept in the work folder, so a killed proof goes on.
The reruns ask the items in other orders, by other numbers of clients, beside other work; their rows must be the sound run's, byte for
byte.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from eval.baseline import Baseline, accept, load_baseline
from eval.client import InProcess, System
from eval.gate import Rules, Verdict, judge, load_rules
from eval.items import GoldItem, load_golds
from eval.mutants import MUTANTS, Mutant, Recorded, Slow
from eval.rows import Json, Run, RunError, line, split
from eval.run_command import configuration, perform, run_settings
from eval.tables import Grid, markdown_grid
from ingest.progress import Progress
from ingest.run import ingest, published, remove

N_NAMED = 5  # of a gate's failures, the weightiest; one of them must be a mutant's own
N_SLOW = 40  # items of the run that is three times as slow
_BUSY = "x = 0\nwhile True: x = (x * 31 + 7) % 1000003"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a run came to: `named` are the failures of its gate, the weightiest first."""

    name: str
    passed: bool
    named: tuple[str, ...]
    said: str


class Proving:
    """The sound run and what mutants need of it. `every` takes each so-manieth item of the gold set; items with filters stay all."""

    def __init__(
        self, documents: Sequence[Path], items: Sequence[GoldItem], work: Path, every: int = 1, rules: Rules | None = None
    ) -> None:
        self.documents, self.work, self.rules = list(documents), work, rules or load_rules()
        self.items = [item for at, item in enumerate(items) if item.filters or at % every == 0]
        self.home = work / "home"
        self._index(self.home, {})
        self.system = InProcess(run_settings(self.home, {})[0])
        self.recorded = Recorded(self.system)
        self.sound = self._run(self.recorded, "sound", self.items)
        accept(self.sound, work / "baseline.json", "sound")
        self.baseline: Baseline = load_baseline(work / "baseline.json")

    def close(self) -> None:
        """Close the sound pipeline."""
        self.system.close()

    def _index(self, home: Path, settings: dict[str, str]) -> None:
        home.mkdir(parents=True, exist_ok=True)
        report = ingest(self.documents, run_settings(home, settings)[0], Progress(Console(file=io.StringIO())))
        if report.exit_code:
            raise RuntimeError(f"{home}: not everything could be indexed")

    def _run(self, system: System, name: str, items: Sequence[GoldItem]) -> Run:
        config = configuration(system, list(items), [name], "extractive")
        out = self.work / "runs" / re.sub(r"\W+", "-", name)
        try:
            return perform(system, list(items), config, out)
        except RunError:  # what an earlier proof left there is of other code or items
            return perform(system, list(items), config, out, fresh=True)

    def verdict(self, run: Run) -> Verdict:
        """The gate's word on a run."""
        return judge(run, self.baseline, self.rules)

    def mutant(self, mutant: Mutant) -> Proof:
        """Plant one regression and see what the gate names."""
        items = self.items[:: max(1, len(self.items) // N_SLOW)] if mutant.plant is Slow else self.items
        with self._planted(mutant) as system:
            verdict = self.verdict(self._run(system, mutant.name, items))
        named = tuple(dict.fromkeys(check.metric for check in verdict.failures))
        said = verdict.failures[0].said if verdict.failures else "the gate passed"
        return Proof(mutant.name, any(name in mutant.caught_by for name in named[:N_NAMED]), named, said)

    @contextmanager
    def _planted(self, mutant: Mutant) -> Iterator[System]:
        if mutant.kind == "replay":
            yield mutant.plant(self.recorded)
        elif mutant.kind == "parts" and mutant.plant is not Slow:
            sound = self.system.rag
            try:
                yield mutant.plant(self.system)
            finally:
                self.system.rag = sound
        else:  # a pipeline of its own: one that has read nothing yet
            home = self._home_of(mutant) if mutant.kind == "index" else self.home
            with closing(InProcess(run_settings(home, dict(mutant.settings))[0])) as system:
                yield mutant.plant(system)

    def _home_of(self, mutant: Mutant) -> Path:
        """A copy of the sound home, indexed with the mutant's settings or without its second largest document."""
        home = self.work / "homes" / re.sub(r"\W+", "-", mutant.name)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.home, home)
        if mutant.settings:
            self._index(home, dict(mutant.settings))
        else:
            entries = sorted(published(home), key=lambda entry: entry.document.n_chunks)
            remove(entries[-2].document.document_id, run_settings(home, {})[0], Progress(Console(file=io.StringIO())))
        return home

    def rerun(self, number: int, n: int) -> Proof:
        """The same again on n of the items: shuffled, by one or two clients, alone or beside other work; same rows, no alarm."""
        items = random.Random(number).sample(self.items, min(n, len(self.items)))
        with busy(number % 3), closing(InProcess(run_settings(self.home, {})[0])) as system:
            config = configuration(system, items, [f"rerun {number}"], "extractive")
            run = perform(system, items, config, None, clients=1 + number % 2, quiet=True)
        verdict = self.verdict(run)
        before = {row["id"]: _bytes(row) for row in self.sound.rows}
        differing = [row["id"] for row in run.rows if _bytes(row) != before[row["id"]]]
        named = tuple(dict.fromkeys(check.metric for check in verdict.failures))
        pace = next((check.said for check in verdict.checks if check.kind == "latency"), "no pace")
        said = verdict.failures[0].said if named else f"{len(run.rows) - len(differing)} of {len(run.rows)} rows identical; {pace}"
        return Proof(
            f"rerun {number}: {1 + number % 2} clients, {number % 3} busy processes beside", not named and not differing, named, said
        )


def _bytes(row: Json) -> str:
    return line(split(row)[0])


@contextmanager
def busy(n: int) -> Iterator[None]:
    """n processes that do nothing but take time."""
    started = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(n)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def proof_grid(proofs: Sequence[Proof]) -> Grid:
    """What was planted and what the gate said."""
    rows = [(proof.name, "yes" if proof.passed else "NO", ", ".join(proof.named[:4]) or "-", proof.said) for proof in proofs]
    return Grid("mutation proof", ("planted", "as it must", "named", "first said"), tuple(rows))


def main(arguments: Sequence[str]) -> int:
    """0 when every regression was caught and no rerun refused, else 1."""
    parser = argparse.ArgumentParser(prog="python -m eval.mutation", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=Path, nargs="+", required=True)
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="ask every N-th item only")
    parser.add_argument("--reruns", type=int, default=10)
    parser.add_argument("--rerun-items", type=int, default=100, metavar="N")
    parser.add_argument("--only", help="names of mutants, with commas between")
    args = parser.parse_args(arguments)
    with closing(Proving(args.documents, load_golds(args.gold), args.work, args.every)) as proving:
        proofs = [proving.mutant(one) for one in MUTANTS if not args.only or one.name in args.only.split(",")]
        proofs += [proving.rerun(number, args.rerun_items) for number in range(args.reruns)]
    print(markdown_grid(proof_grid(proofs)))
    return 0 if all(proof.passed for proof in proofs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
