"""The nightly job: changed documents in -> run -> compare -> gate -> history -> report -> Langfuse -> alert; an exit code out.

Every stage can be done again and comes to the same: a job killed at any moment is simply started again. The run goes on where it stood
(`eval.run_folder`), history and Langfuse take the same night under the same name, reports are written anew.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from eval.baseline import PACKAGED, Baseline, load_baseline
from eval.client import Unreachable
from eval.gate import MIN_COMMON, RULES, Verdict, judge, load_rules
from eval.gate_command import as_json, verdict_lines
from eval.items import GoldError, load_golds
from eval.nightly.alert import alert
from eval.nightly.history import HistoryError, record, trend
from eval.nightly.state import Busy, Folder, Night, alone
from eval.report_html.changes import Changes, changes_since
from eval.report_html.command import write_text
from eval.report_html.evidence import MOST_IMAGES, evidence_in
from eval.report_html.markdown import markdown
from eval.report_html.material import HEADLINE, Material
from eval.report_html.page import html
from eval.rows import Json, Run, RunError, load_run, pretty
from eval.run_command import configuration, open_system, perform, run_settings
from service.core.errors import EvdocsError
from service.core.manifest import write_durably
from service.core.settings import Settings

PASSED, FAILED, UNUSABLE, BUSY = 0, 1, 2, 3
FRESH_NS = 20 * 3600 * 10**9
"""A night begun longer ago is not gone on with: it is the next one's turn."""
FAILURES = (GoldError, RunError, HistoryError, EvdocsError, Unreachable, OSError)
"""What a night can fail by."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a night does. `corpus` empty: nothing is ingested. `baseline` None: STATE/baseline.json, else the packaged one
    where it is of these questions, else none.
    `keep`: so many runs stay on disk; the history keeps every night's figures."""

    gold: tuple[Path, ...]
    state: Path
    corpus: tuple[Path, ...] = ()
    home: Path | None = None
    baseline: Path | None = None
    rules: Path = RULES
    webhook: str = ""
    mode: str = "extractive"
    dataset: str = "evdocs"
    clients: int = 1
    images: int = MOST_IMAGES
    keep: int = 30
    given: Mapping[str, str] = field(default_factory=dict)


def night(plan: Plan, said: Callable[[str], None]) -> int:
    """0 passed, 1 gate failed, 2 could not run, 3 another one is running. `said` hears every step in a sentence."""
    try:
        with alone(plan.state) as folder:
            try:
                return _Job(plan, folder, said).through()
            except FAILURES as error:
                said(f"The nightly job could not run: {error}")
                _tell(plan, {"status": "could not run", "text": f"evdocs nightly could not run: {error}"}, said)
                return UNUSABLE
    except Busy as error:
        said(str(error))
        return BUSY
    except OSError as error:
        said(f"The nightly job could not run: {error}")
        return UNUSABLE


def _tell(plan: Plan, message: Json, said: Callable[[str], None]) -> bool:
    if not plan.webhook:
        said("Alert: none is set up (EVDOCS_ALERT_URL or --webhook).")
        return False
    told = alert(plan.webhook, {"event": "evdocs.nightly", **message})
    said(told.said)
    return told.delivered


@dataclass
class _Job:
    """One night, stage by stage."""

    plan: Plan
    folder: Folder
    said: Callable[[str], None]

    def through(self) -> int:
        """The exit code. Raises what FAILURES names."""
        load_golds(self.plan.gold)  # said before an index is built for nothing
        settings, _ = run_settings(self.plan.home, self.plan.given)
        self._ingest(settings)
        night, run = self._run()
        before = self._before(night)
        baseline = self._baseline(run)
        changes = changes_since(baseline, run) if baseline else None
        self._compared(night, changes)
        verdict = judge(run, baseline, load_rules(self.plan.rules))
        write_durably(run.path / "gate.json", pretty(dict(as_json(verdict))))
        for line in verdict_lines(verdict):
            self.said(line)
        self._done(night, "gate")
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(night.began_ns // 10**9))
        record(self.folder.history, night.run, began, run, verdict)
        self._done(night, "history")
        self._report(
            night,
            Material(
                night.run, run, evidence_in(settings.home, self.plan.images, run.config.get("build_id")), verdict, changes, before=before
            ),
        )
        self._langfuse(night, settings, run)
        if not verdict.passed and not night.alerted:
            night.alerted = _tell(self.plan, _message(night, run, verdict, changes), self.said)
        self._prune(night)
        night.exit_code = PASSED if verdict.passed else FAILED
        self._done(night, "end")
        return night.exit_code

    def _ingest(self, settings: Settings) -> None:
        """Index what changed. Raises RunError where nothing came in."""
        if not self.plan.corpus:
            self.said("Ingest: no --corpus, the index stays as it is.")
            return
        from rich.console import Console

        from ingest.progress import Progress
        from ingest.run import ingest

        report = ingest(list(self.plan.corpus), settings, Progress(Console(stderr=True)))
        counts: dict[str, int] = {}
        for file in report.files:
            counts[file.status] = counts.get(file.status, 0) + 1
        self.said("Ingest: " + ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) + ".")
        for file in report.files:
            if file.status == "failed":
                self.said(f"Ingest: {file.file} failed: {file.error}")
        if report.exit_code == UNUSABLE:
            raise RunError("no document of the corpus came in")

    def _run(self) -> tuple[Night, Run]:
        """Ask what is not asked yet, into the folder of this night."""
        plan = self.plan
        items = load_golds(plan.gold)
        system = open_system("in-process", plan.home, plan.given, plan.mode)
        try:
            config = configuration(system, items, [path.name for path in plan.gold], plan.mode)
            night = self._night(config["fingerprint"])
            path = self.folder.run(night.run)
            if _complete(path):
                self.said(f"Run {night.run}: complete already, nothing is asked again.")
                return night, load_run(path)
            run = perform(system, items, config, path, clients=plan.clients)
        finally:
            system.close()
        self.said(f"Run {night.run}: {run.latency['n_asked']} of {len(items)} items asked, {run.summary['n_errors']} errors.")
        self._done(night, "run")
        return night, run

    def _night(self, fingerprint: str) -> Night:
        """The night this is: the one that was begun and is not through, or else today's."""
        known, day = self.folder.read(), time.strftime("%Y-%m-%d", time.gmtime())
        begun = known is not None and known.exit_code is None and time.time_ns() - known.began_ns < FRESH_NS
        if known and known.run == f"{known.day}-{fingerprint}" and (begun or known.day == day):
            if begun:
                self.said(f"Run {known.run}: going on with it, done so far: {', '.join(known.stages) or 'nothing'}.")
            return known
        made = Night(f"{day}-{fingerprint}", day, time.time_ns() // 10**9 * 10**9)
        self.folder.write(made)
        return made

    def _done(self, night: Night, stage: str) -> None:
        night.stages = [*(own for own in night.stages if own != stage), stage]
        self.folder.write(night)

    def _baseline(self, run: Run) -> Baseline | None:
        """The one asked for, else this folder's, else the packaged one where it is of these questions. Raises RunError where one cannot be
        read."""
        asked = self.plan.baseline or (self.folder.baseline if self.folder.baseline.is_file() else None)
        if asked and str(asked) != "none":
            return load_baseline(asked)
        if asked is None and PACKAGED.is_file():
            packaged = load_baseline(PACKAGED)
            if sum(row["id"] in packaged.items for row in run.rows) >= MIN_COMMON * len(run.rows):
                return packaged
        self.said("Baseline: none, only rules and floors count (`evdocs eval accept RUN --baseline STATE/baseline.json` makes a run one).")
        return None

    def _before(self, night: Night) -> Run | None:
        """The newest earlier night whose rows are still there."""
        earlier = [own.run for own in trend(self.folder.history)] if self.folder.history.is_file() else []
        for name in reversed(earlier):
            if name != night.run and _complete(self.folder.run(name)):
                return load_run(self.folder.run(name))
        return None

    def _compared(self, night: Night, changes: Changes | None) -> None:
        if changes:
            write_durably(self.folder.run(night.run) / "compare.json", pretty(changes.to_json()))
            counts = f"{len(changes.worse)} newly wrong, {len(changes.better)} newly right"
            self.said(f"Compared with the baseline: {changes.n} items, {counts}.")
        self._done(night, "compare")

    def _report(self, night: Night, material: Material) -> None:
        """Both reports, with every night over the same gold files."""
        whole = replace(material, history=trend(self.folder.history, gold=" + ".join(material.run.config["gold"])))
        path = self.folder.run(night.run)
        size = write_text(path / "report.html", html(whole))
        write_text(path / "report.md", markdown(whole))
        self.said(f"Report: {path / 'report.html'} ({size / 1e6:.1f} MB) and report.md.")
        self._done(night, "report")

    def _langfuse(self, night: Night, settings: Settings, run: Run) -> None:
        from eval.langfuse_sync import sync_run, table

        for line in table(sync_run(settings, self.plan.dataset, night.run, run.rows, night.began_ns)):
            self.said(line)
        self._done(night, "langfuse")

    def _prune(self, night: Night) -> None:
        """Remove the folders of the oldest runs, never this night's."""
        runs = sorted(path for path in self.folder.run("").iterdir() if path.is_dir() and path.name != night.run)
        for path in runs[: max(0, len(runs) + 1 - self.plan.keep)]:
            shutil.rmtree(path)


def _complete(path: Path) -> bool:
    """Whether a run there is finished: every item has its row, and it is summed up."""
    try:
        run = load_run(path)
    except RunError:
        return False
    return run.complete and bool(run.summary) and bool(run.latency)


def _message(night: Night, run: Run, verdict: Verdict, changes: Changes | None) -> Json:
    """What the webhook hears: `text` is for chat rooms, the rest for programs. No text of a question, an answer or a document."""
    names = list(dict.fromkeys(check.metric for check in verdict.failures))
    figures = {metric: run.summary["figures"].get(part, {}).get(metric, {}).get("value") for part, metric, _ in HEADLINE}
    message = {
        "status": "gate failed",
        "text": f"evdocs nightly {night.run}: gate failed: {', '.join(names)}",
        "run": night.run,
        "failed": names,
        "checks": [check.said for check in verdict.failures],
        "figures": figures,
        "git_commit": run.config.get("git_commit"),
        "build_id": run.config.get("build_id"),
    }
    if changes:
        message["newly_wrong"] = [row["id"] for row in changes.worse][:100]
    return dict(json.loads(json.dumps(message)))
