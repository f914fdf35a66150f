"""A message in, a JSON POST to a webhook out. It never raises for what the other side does: how it went is a sentence.

The address may hold a secret, so no more than its host is ever said.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from eval.rows import Json

TIMEOUT_S = 10.0
TRIES = 3
WAIT_S = (1.0, 4.0)


@dataclass(frozen=True, slots=True)
class Told:
    """Whether the webhook took the message, and how it went in words."""

    delivered: bool
    said: str


def alert(url: str, message: Json, *, sleep: Callable[[float], None] = time.sleep) -> Told:
    """POST the message; a lost connection, a 429 and a 5xx are tried again, TRIES times in all. Redirects are not followed."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return Told(False, "Alert: not sent, the address of the webhook is none.")
    if address.scheme not in ("http", "https") or not address.host:
        return Told(False, "Alert: not sent, the address of the webhook must begin with http:// or https://.")
    why = ""
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
        for attempt in range(TRIES):
            if attempt:
                sleep(WAIT_S[attempt - 1])
            try:
                status = client.post(address, json=message).status_code
            except httpx.HTTPError as error:
                why = f"{type(error).__name__}"
                continue
            if 200 <= status < 300:
                return Told(True, f"Alert: sent to {address.host}.")
            why = f"HTTP {status}"
            if status != 429 and status < 500:
                break
    return Told(
        False, f"Alert: NOT sent, {address.host} answered with {why} ({attempt + 1} of {TRIES} tries). The outcome stands all the same."
    )
