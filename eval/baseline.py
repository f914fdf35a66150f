"""The accepted baseline: of a run, what paired tests need and nothing else. Ids, numbers and document names; no text of a question,
an answer or a page.

{"format", "accepted", "gold", "gold_sha256", "fingerprint", "git_commit", ... (`described`), "pace", "measures": [name, ...],
 "clusters": [document, ...], "items": {id: [item_sha, cluster's place, [notices carried, owed] or 0, outcome, ...]}}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.outcomes import MEASURES, Outcome, notices_kept, outcomes
from eval.rows import Json, Run, RunError
from service.core.manifest import write_durably

FORMAT = 1
PACKAGED = Path(__file__).parent / "baseline.json"
MOST_BYTES = 1_000_000
_ELSEWHERE = frozenset(("threads", "trace", "langfuse_public_key"))  # settings that change no answer


@dataclass(frozen=True, slots=True)
class Accepted:
    """One item of the baseline. `notices` is (carried, owed) where it was answered and owes some."""

    item_sha: str
    cluster: str
    outcomes: dict[str, Outcome]
    notices: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline read back; `about` is all that is said of the run beside its items."""

    about: Json
    items: dict[str, Accepted]


def accept(run: Run, path: Path, accepted: str) -> None:
    """Write the run as the new baseline; `accepted` is the day. Raises RunError where it is not complete, had errors, or is too large."""
    if not run.complete or not run.summary:
        raise RunError(f"{run.path}: only {len(run.rows)} of {run.config['n']} items are asked: a baseline is a complete run")
    if errors := run.summary["n_errors"]:
        raise RunError(f"{run.path}: {errors} items failed with an error: a baseline has none")
    clusters = sorted({row["cluster"] for row in run.rows})
    about = {name: run.config[name] for name in ("gold", "gold_sha256", "fingerprint", "git_commit")}
    head = {"format": FORMAT, "accepted": accepted, **about, **described(run.config), "pace": run.latency["pace"]}
    head |= {"measures": [measure.name for measure in MEASURES], "clusters": clusters}
    places = {name: place for place, name in enumerate(clusters)}
    lines = [f"  {json.dumps(row['id'])}: {json.dumps(_packed(row, places), separators=(',', ':'))}" for row in run.rows]
    fields = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    text = "{\n" + ",\n".join([*fields, ' "items": {\n' + ",\n".join(lines) + "\n }"]) + "\n}\n"
    if len(text.encode()) > MOST_BYTES:
        raise RunError(f"{run.path}: {len(run.rows)} items make a baseline of more than {MOST_BYTES} bytes")
    write_durably(path, text)


def described(config: Json) -> Json:
    """What a run was made with, as far as it is known: models, index, how it was asked."""
    models, index = config.get("models") or {}, config["system"].get("index") or {}
    about = {"build_id": config.get("build_id"), "mode": config["mode"], "precision": config["system"].get("precision")}
    about |= {name: models.get(name) for name in ("embedder", "reranker", "generator")}
    about |= {name: index.get(name) for name in ("n_documents", "n_chunks", "chunker", "parser")}
    settings = (config["system"].get("settings") or {}).get("values") or {}
    return about | {f"setting {name}": value for name, value in settings.items() if not name.endswith("_url") and name not in _ELSEWHERE}


def _packed(row: Json, places: dict[str, int]) -> list[Any]:
    kept = notices_kept(row)
    return [row["item_sha"], places[row["cluster"]], list(kept) if kept else 0, *map(_number, outcomes(row).values())]


def _number(value: Outcome) -> float | int | None:
    if value is None or isinstance(value, bool):
        return value if value is None else int(value)
    return int(value) if value in (0, 1) else value


def load_baseline(path: Path) -> Baseline:
    """A baseline file. Raises RunError."""
    try:
        told = json.loads(path.read_text("utf-8"))
        if told["format"] != FORMAT:
            raise RunError(f"{path}: this baseline has format {told['format']}, this version reads {FORMAT}")
        names, clusters = told["measures"], told["clusters"]
        items = {
            name: Accepted(sha, clusters[place], dict(zip(names, values, strict=True)), tuple(kept) if kept else None)
            for name, (sha, place, kept, *values) in told.pop("items").items()
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise error if isinstance(error, RunError) else RunError(f"{path}: no baseline that can be read ({error})") from error
    return Baseline(told, items)
