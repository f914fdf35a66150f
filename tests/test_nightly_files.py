"""Cron line, compose service and workflow of the nightly job, parsed: what they run is a command, what they set is a setting."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.core.settings import Settings, environment_name

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text("utf-8"))
SETTINGS = {environment_name(name) for name in Settings.model_fields}
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
(JOB,) = WORKFLOW["jobs"].values()
STEPS: list[dict[str, Any]] = JOB["steps"]


def _arguments(words: list[str]) -> argparse.Namespace:
    """What the project's own command line makes of these words."""
    from eval.cli import register

    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    return parser.parse_args(words)


def _is_schedule(fields: str) -> bool:
    parts = fields.split()
    return len(parts) == 5 and all(
        part == "*" or (part.isdigit() and low <= int(part) <= high) for part, (low, high) in zip(parts, FIELDS, strict=True)
    )


def _nightly(line: str) -> argparse.Namespace:
    words = shlex.split(line.split(">>")[0])
    program = next(place for place, word in enumerate(words) if word.endswith("evdocs") and "/bin/" in word)
    args = _arguments(words[program + 1 :])
    assert args.run.__name__ == "nightly_command"
    return args


def test_the_readmes_cron_line_is_one_and_runs_the_nightly_job() -> None:
    (line,) = [own.strip() for own in (ROOT / "README.md").read_text("utf-8").splitlines() if re.match(r"\s+\d+ \d+ \* \* \* ", own)]
    assert _is_schedule(" ".join(line.split()[:5]))
    args = _nightly(line.split(maxsplit=5)[5])
    assert args.corpus
    assert args.gold
    assert line.endswith("2>&1")  # what is said is kept, and cron mails nothing


def test_the_workflow_runs_every_night_and_by_hand_and_never_twice_at_a_time() -> None:
    triggers = WORKFLOW[True]  # YAML 1.1 reads `on` as true
    assert [_is_schedule(one["cron"]) for one in triggers["schedule"]] == [True]
    assert "workflow_dispatch" in triggers
    assert WORKFLOW["concurrency"] == {"group": "nightly", "cancel-in-progress": False}
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert 10 <= JOB["timeout-minutes"] <= 120


def test_the_workflow_runs_the_nightly_job_over_files_that_are_there() -> None:
    (line,) = [step["run"] for step in STEPS if "eval nightly" in step.get("run", "")]
    args = _nightly(line)
    assert all((ROOT / path).exists() for path in (*args.corpus, *args.gold))
    made = {match for step in STEPS for match in re.findall(r"make ([a-z-]+)", step.get("run", ""))}
    assert made == {"install"}
    assert re.search(r"^install:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_the_workflow_keeps_history_and_report_also_when_the_gate_fails() -> None:
    by_use = {step["uses"].split("@")[0]: step for step in STEPS if "uses" in step}
    assert by_use["actions/cache/restore"]["with"]["path"] == by_use["actions/cache/save"]["with"]["path"] == "var"
    order = [step.get("uses", step.get("run", "")).split("@")[0] for step in STEPS]
    assert order.index("actions/cache/restore") < next(n for n, own in enumerate(order) if "eval nightly" in own)
    for name in ("actions/cache/save", "actions/upload-artifact"):
        assert by_use[name]["if"] == "always()"
    assert "report.html" in by_use["actions/upload-artifact"]["with"]["path"]
    assert all(re.fullmatch(r"actions/[a-z/-]+@v\d+", step["uses"]) for step in STEPS if "uses" in step)


@pytest.mark.parametrize("environment", [JOB["env"], COMPOSE["services"]["nightly"]["environment"]])
def test_alert_and_langfuse_are_handed_on_and_every_name_is_a_setting(environment: dict[str, str]) -> None:
    assert set(environment) <= SETTINGS
    assert {"EVDOCS_ALERT_URL", "EVDOCS_LANGFUSE_URL", "EVDOCS_LANGFUSE_PUBLIC_KEY", "EVDOCS_LANGFUSE_SECRET_KEY"} <= set(environment)


def test_the_compose_service_is_a_one_shot_under_its_profile_over_documents_it_cannot_change() -> None:
    service = COMPOSE["services"]["nightly"]
    assert (service["profiles"], service["restart"]) == (["nightly"], "no")
    args = _arguments(service["command"][1:])
    assert args.run.__name__ == "nightly_command"
    mounted = {volume.rsplit(":", 2)[-2] for volume in service["volumes"] if volume.endswith(":ro")}
    assert {str(path) for path in (*args.corpus, *args.gold)} == mounted
    assert service["environment"]["EVDOCS_QDRANT_URL"] == COMPOSE["services"]["service"]["environment"]["EVDOCS_QDRANT_URL"]
    assert "evdocs-home:/var/lib/evdocs" in service["volumes"]
