"""A home folder in, the address of a service over it out: `evdocs serve` as a child on a free port, stopped at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from service.core.settings import PREFIX

START_S = 90.0


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The base address, once /readyz says yes. Settings of the environment do not reach it. Raises RuntimeError where it does not
    start within START_S."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [sys.executable, "-m", "service.cli", "serve", "--home", str(home), "--port", "0"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = _address(server)
        _wait_until_ready(url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)
        if server.stdout:
            server.stdout.close()


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None  # asked for with PIPE
    for line in server.stdout:
        if "http://" in line:
            return line[line.index("http://") :].strip()
    raise RuntimeError(f"The server ended with exit code {server.wait(timeout=10)} before it listened.")


def _wait_until_ready(url: str) -> None:
    give_up = time.monotonic() + START_S
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
        while (reply := client.get("/readyz")).status_code != 200:
            if time.monotonic() > give_up:
                raise RuntimeError(f"The server is not ready after {START_S:.0f} s: {reply.text}")
            time.sleep(0.2)
