"""The Dockerfile and the compose file, parsed: what they copy exists, what they set is a setting, what they run is a command."""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.core.settings import Settings, environment_name, load

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*(?:@sha256:[0-9a-f]{64})?")
SETTINGS = {environment_name(name) for name in Settings.model_fields}


def _instructions(text: str) -> list[tuple[str, str]]:
    """(INSTRUCTION, arguments) in order; comments gone, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines()) if word]


def _stages(instructions: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = []
    for word, rest in instructions:
        if word == "FROM":
            stages.append([])
        if stages:
            stages[-1].append((word, rest))
    return stages


INSTRUCTIONS = _instructions((ROOT / "Dockerfile").read_text("utf-8"))
LAST = _stages(INSTRUCTIONS)[-1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def _last(word: str) -> str:
    found = [rest for name, rest in LAST if name == word]
    assert found, f"the last stage has no {word}"
    return found[-1]


def _copied() -> list[str]:
    """Sources copied from the project (not from another stage)."""
    words = [shlex.split(rest) for name, rest in INSTRUCTIONS if name in ("COPY", "ADD")]
    return [
        source
        for parts in words
        if not any(part.startswith("--from=") for part in parts)
        for source in parts[:-1]
        if not source.startswith("--")
    ]


def _ignored(path: str) -> bool:
    """What .dockerignore says of a path: the last pattern that matches it or a folder above it decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        pattern = pattern.removeprefix("!").removeprefix("**/")
        parts = Path(path).parts
        if any(fnmatch.fnmatch("/".join(parts[: n + 1]), pattern) or fnmatch.fnmatch(parts[n], pattern) for n in range(len(parts))):
            ignored = not kept
    return ignored


def _parses(words: list[str]) -> bool:
    """Whether the project's own command line takes these words."""

    from ingest.cli import register as ingest
    from service.cli import register as service

    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(required=True)
    service(subparsers)
    ingest(subparsers)
    try:
        return callable(parser.parse_args(words).run)
    except SystemExit:
        return False


@pytest.mark.parametrize("source", _copied())
def test_everything_the_image_copies_is_there_and_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    assert not _ignored(source)


def test_the_image_gets_every_package_and_no_build_leftovers() -> None:
    assert {"service", "ingest", "eval"} <= set(_copied())
    assert _ignored("var/current")
    assert _ignored(".git/config")
    assert _ignored("service/__pycache__")
    assert not _ignored("service/models/reranker/config.json")


def test_base_images_are_pinned() -> None:
    stages = {rest.split()[2] for word, rest in INSTRUCTIONS if word == "FROM" and len(rest.split()) == 3}
    images = [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert [image for image in images if image not in stages and not PINNED.fullmatch(image)] == []
    assert len(images) == 2


def test_the_service_runs_as_a_numbered_user_that_is_not_root() -> None:
    user, _, group = _last("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_the_image_runs_a_real_command_in_exec_form() -> None:
    program, *words = json.loads(_last("CMD"))
    assert program == "evdocs"
    assert _parses(words)
    assert not _parses(["no-such-command"])


def test_the_health_check_asks_the_port_that_is_exposed() -> None:
    options, _, command = _last("HEALTHCHECK").partition("CMD ")
    assert "--interval=" in options
    assert "--timeout=" in options
    program, flag, code = json.loads(command)
    assert (program, flag) == ("python", "-c")
    compile(code, "healthcheck", "exec")
    assert "/healthz" in code
    assert f"'{_last('EXPOSE')}'" in code
    assert int(_last("EXPOSE")) == load({}).port


def test_every_setting_named_in_the_image_is_one_and_the_home_is_a_volume() -> None:
    named = dict(re.findall(r"\b(EVDOCS_[A-Z_]+)=(\S+)", " ".join(rest for word, rest in INSTRUCTIONS if word == "ENV")))
    assert set(named) <= SETTINGS
    assert json.loads(_last("VOLUME")) == [named["EVDOCS_HOME"]]
    assert load(named).home == Path(named["EVDOCS_HOME"])


def test_models_are_used_offline_in_the_image() -> None:
    variables = " ".join(rest for word, rest in LAST if word == "ENV")
    assert "HF_HUB_OFFLINE=1" in variables
    assert "TRANSFORMERS_OFFLINE=1" in variables


def test_every_install_takes_the_lock_or_no_dependencies() -> None:
    installs = re.findall(r"pip install ([^&]*)", " ".join(rest for word, rest in INSTRUCTIONS if word == "RUN"))
    assert len(installs) == 2
    assert all("-c requirements.lock" in install or "--no-deps" in install for install in installs)


@pytest.mark.parametrize("name", SERVICES)
def test_every_compose_service_is_pinned_and_confined(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"])
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] in ("unless-stopped", "no")


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_of_ours_in_compose_is_a_setting(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert {variable for variable in environment if variable.startswith("EVDOCS_")} <= SETTINGS


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


def test_service_and_ingest_share_the_home_volume_and_the_qdrant_server() -> None:
    for name in ("service", "ingest"):
        service = SERVICES[name]
        assert service["environment"]["EVDOCS_QDRANT_URL"] == "http://qdrant:6333"
        assert service["depends_on"]["qdrant"] == {"condition": "service_healthy"}
        assert f"evdocs-home:{json.loads(_last('VOLUME'))[0]}" in service["volumes"]
        assert service["read_only"] is True
    assert set(COMPOSE["volumes"]) == {"evdocs-home", "qdrant-storage"}


def test_compose_waits_for_a_qdrant_that_is_ready() -> None:
    test = SERVICES["qdrant"]["healthcheck"]["test"]
    assert test[0] == "CMD"
    assert "/readyz" in test[-1]


def test_ingest_is_a_one_shot_under_a_profile_and_reads_documents_only() -> None:
    ingest = SERVICES["ingest"]
    assert ingest["profiles"] == ["ingest"]
    assert ingest["restart"] == "no"
    assert _parses(ingest["command"][1:])
    assert any(volume.endswith(f":{ingest['command'][-1]}:ro") for volume in ingest["volumes"])


def test_compose_interpolates_no_name_that_would_be_an_unknown_setting() -> None:
    names = re.findall(r"\$\{(EVDOCS_\w+)", (ROOT / "docker-compose.yml").read_text("utf-8"))
    assert set(names) <= SETTINGS
