"""What the routes share: one record per running service, made by `create_app`, started and stopped by its lifespan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from service.core.errors import EvdocsError
from service.core.settings import Settings
from service.jobs import Jobs
from service.metrics import Metrics
from service.pipeline import Pipeline
from service.reload import LiveIndex
from service.render import Pages
from service.workers import Workers


@dataclass(frozen=True, slots=True)
class State:
    """One of each."""

    settings: Settings
    pipeline: Pipeline
    live: LiveIndex
    workers: Workers
    jobs: Jobs
    pages: Pages
    metrics: Metrics
    problem: Callable[[EvdocsError, str], dict[str, Any]]
    """An error and a trace id to the problem object of the contract (for streams that have begun already)."""


def _state(request: Request) -> State:
    return cast(State, request.app.state.evdocs)


def _trace_id(request: Request) -> str:
    return cast(str, request.scope["state"]["trace_id"])


Shared = Annotated[State, Depends(_state)]
TraceId = Annotated[str, Depends(_trace_id)]
