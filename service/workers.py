"""Model work in, results out: a bounded queue in front of one thread, so that the event loop stays free and load stays bounded.

Torch spreads one question over all cores by itself; a second thread would only make both slower. What waits is bounded in number
and in time: what cannot be begun before its deadline is turned away (Overloaded) as early as that can be told; what is not finished
by then ends in DeadlineExceeded; what nobody waits for any more is not run. It knows nothing about HTTP.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from service.core.errors import DeadlineExceeded, Overloaded

T = TypeVar("T")
Work = Callable[[threading.Event], T]
"""The work; its argument is set once nobody waits for the result any more."""

_WAITED = "The question waited too long for its turn. Ask again in a moment."
_SMOOTHING = 0.2  # weight of the newest duration in the running mean that Retry-After is estimated from


@dataclass(frozen=True, slots=True)
class Ticket(Generic[T]):
    """One piece of work in the queue. `deadline` is a `time.monotonic()` value."""

    work: Work[T]
    deadline: float
    queued_at: float
    future: Future[T] = field(default_factory=Future)
    gone: threading.Event = field(default_factory=threading.Event)

    def give_up(self) -> None:
        """Nobody waits for it any more: skip it if it has not begun, tell it if it has."""
        self.gone.set()
        self.future.cancel()


class Workers:
    """A queue of at most `size` waiting pieces of work and the thread that does them in order.

    `on_start` is told the seconds each one waited.
    """

    def __init__(self, size: int, *, on_start: Callable[[float], None] | None = None) -> None:
        self._size = size
        self._on_start = on_start
        self._waiting: deque[Ticket[Any]] = deque()
        self._condition = threading.Condition()
        self._closed = False
        self._mean_s = 0.25
        self._thread = threading.Thread(target=self._run, name="evdocs-models", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Pieces of work not begun."""
        return len(self._waiting)

    def retry_after_s(self) -> int:
        """Whole seconds until the queue will probably have room: its length times the recent mean duration."""
        return max(1, min(60, math.ceil(self._mean_s * (self.waiting + 1))))

    def submit(self, work: Work[T], deadline: float) -> Ticket[T]:
        """Queue a piece of work. Raises Overloaded when too many wait already."""
        ticket: Ticket[T] = Ticket(work, deadline, time.monotonic())
        with self._condition:
            if self._closed:
                raise Overloaded("The service is shutting down.")
            if len(self._waiting) >= self._size:
                self._drop_abandoned()
            n_waiting, left_s = len(self._waiting), deadline - time.monotonic()
            if n_waiting >= self._size or (n_waiting and n_waiting * self._mean_s > left_s):
                raise Overloaded(f"{n_waiting} questions wait already. Ask again in a moment.")
            self._waiting.append(ticket)
            self._condition.notify()
        return ticket

    async def result(self, ticket: Ticket[T]) -> T:
        """Wait for a ticket. Raises what the work raised; at the deadline Overloaded where it had not begun, else DeadlineExceeded.
        Gives it up when cancelled."""
        limit = asyncio.timeout(max(0.0, ticket.deadline - time.monotonic()))
        try:
            async with limit:
                return await asyncio.wrap_future(ticket.future)
        except TimeoutError as error:
            if not limit.expired():
                raise
            if ticket.future.cancelled():
                raise Overloaded(_WAITED) from error
            if ticket.future.done():
                return ticket.future.result()
            raise DeadlineExceeded("The question could not be answered in time. Ask again, or ask something narrower.") from error
        finally:
            if not ticket.future.done():
                ticket.give_up()

    def close(self) -> None:
        """Take nothing new, let the running piece end by itself, answer the waiting ones with Overloaded."""
        with self._condition:
            self._closed = True
            waiting = list(self._waiting)
            self._waiting.clear()
            self._condition.notify_all()
        for ticket in waiting:
            if ticket.future.set_running_or_notify_cancel():
                ticket.future.set_exception(Overloaded("The service is shutting down."))

    def join(self, timeout_s: float) -> bool:
        """Wait for the running piece after `close`; True when it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _drop_abandoned(self) -> None:
        alive = [ticket for ticket in self._waiting if not ticket.future.cancelled()]
        self._waiting.clear()
        self._waiting.extend(alive)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closed:
                    self._condition.wait()
                if not self._waiting:
                    return
                ticket = self._waiting.popleft()
            if ticket.future.set_running_or_notify_cancel():
                self._do(ticket)

    def _do(self, ticket: Ticket[Any]) -> None:
        started = time.monotonic()
        if self._on_start is not None:
            self._on_start(started - ticket.queued_at)
        if started >= ticket.deadline:
            ticket.future.set_exception(Overloaded(_WAITED))
            return
        try:
            value = ticket.work(ticket.gone)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits, as concurrent.futures does; the thread must live on
            ticket.future.set_exception(error)
        else:
            ticket.future.set_result(value)
        self._mean_s += _SMOOTHING * (time.monotonic() - started - self._mean_s)
