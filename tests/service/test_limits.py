"""Load, slowness, disappearance, reload and shutdown, over real sockets on the loopback. Models are twins that take a stated time."""

from __future__ import annotations

import asyncio
import collections
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_twins import Twin, publish_build, wait_until

from service.core.errors import DeadlineExceeded, Overloaded
from service.core.manifest import builds_dir, publish, write_durably
from service.core.settings import Settings
from service.serve import Server, listen
from service.workers import Workers


@contextmanager
def running(home: Path, twin: Twin, **settings: Any) -> Iterator[str]:
    """A server on a free port, in a thread of its own; its address."""
    server = Server(Settings(home=home, **settings), twin.pipeline)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        wait_until(lambda: server.started)
        if (home / "current").exists():
            wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        yield url
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def twin() -> Twin:
    return Twin()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    publish_build(tmp_path, "b1")
    return tmp_path


def ask(url: str, question: str, **more: Any) -> httpx.Response:
    return httpx.post(f"{url}/v1/ask", json={"question": question, **more}, timeout=20)


def dial(url: str, first: bytes = b"") -> socket.socket:
    """An open connection that has sent `first`."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=5)
    connection.sendall(first)
    return connection


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(4096) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


# Many at once


def test_fifty_clients_at_once_get_answers_or_are_told_when_to_come_back(home: Path, twin: Twin) -> None:
    with running(home, twin, queue_size=10) as url, ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(ask, url, "slow 0.1") for _ in range(50)]
        wait_until(lambda: len(twin.asked) > 0)
        started = time.monotonic()
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert httpx.get(f"{url}/v1/documents").status_code == 200
        assert time.monotonic() - started < 1, "what needs no model waited behind what does"
        responses = [future.result() for future in asked]
    statuses = collections.Counter(response.status_code for response in responses)
    assert set(statuses) == {200, 503}
    assert statuses[200] >= 11
    for response in responses:
        if response.status_code == 503:
            assert response.headers["content-type"] == "application/problem+json"
            assert 1 <= int(response.headers["retry-after"]) <= 60


def test_a_question_whose_time_passes_while_it_waits_is_never_begun(home: Path, twin: Twin) -> None:
    with running(home, twin, deadline_s=0.4) as url, ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, url, "deaf 1")
        wait_until(lambda: twin.asked == ["deaf 1"])
        started = time.monotonic()
        late = ask(url, "late")
        assert (late.status_code, late.headers["content-type"]) == (503, "application/problem+json")
        assert int(late.headers["retry-after"]) >= 1
        assert 0.3 < time.monotonic() - started < 0.8
        assert first.result().status_code == 504
        time.sleep(0.6)
        assert ask(url, "next").status_code == 200
        assert twin.asked == ["deaf 1", "next"]


def go_away(url: str, *, stream: bool) -> None:
    """Ask something long and hang up before the answer."""
    if stream:
        with httpx.stream("POST", f"{url}/v1/ask", json={"question": "slow 20", "stream": True}, timeout=5) as response:
            assert next(response.iter_lines()) == "event: token"
    else:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/ask", json={"question": "slow 20"}, timeout=0.3)


@pytest.mark.parametrize("stream", [False, True])
def test_work_stops_when_its_client_goes_away(home: Path, twin: Twin, stream: bool) -> None:
    with running(home, twin) as url:
        go_away(url, stream=stream)
        assert twin.stopped.wait(3), "it went on working for nobody"
        assert ask(url, "next").status_code == 200


def test_waiting_work_of_a_client_that_went_away_is_skipped(home: Path, twin: Twin) -> None:
    with running(home, twin) as url, ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, url, "slow 0.6")
        wait_until(lambda: len(twin.asked) == 1)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/ask", json={"question": "gone"}, timeout=0.2)
        assert first.result().status_code == 200
        assert ask(url, "next").status_code == 200
    assert twin.asked == ["slow 0.6", "next"]


async def test_the_queue_forgets_who_gave_up_and_keeps_its_bound() -> None:
    workers, release, done = Workers(2), threading.Event(), []
    soon = time.monotonic() + 5
    running_one = workers.submit(lambda gone: release.wait(5), soon)
    await asyncio.to_thread(wait_until, lambda: running_one.future.running())
    first, second = (workers.submit(lambda gone, name=name: done.append(name), soon) for name in "ab")  # type: ignore[misc]
    with pytest.raises(Overloaded):
        workers.submit(lambda gone: None, soon)
    waiter = asyncio.ensure_future(workers.result(first))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    third = workers.submit(lambda gone: done.append("c"), soon)  # the place of the one that gave up
    release.set()
    await workers.result(second)
    await workers.result(third)
    with pytest.raises(Overloaded, match="too long"):
        await workers.result(workers.submit(lambda gone: done.append("late"), time.monotonic() - 1))
    assert done == ["b", "c"]
    workers.close()
    assert workers.join(2)
    with pytest.raises(Overloaded):
        workers.submit(lambda gone: None, soon)


async def test_work_that_will_not_get_its_turn_in_time_is_turned_away_at_once() -> None:
    workers, far = Workers(100), time.monotonic() + 60
    for _ in range(3):  # so that the queue learns how long work takes
        await workers.result(workers.submit(lambda gone: time.sleep(0.5), far))
    tickets = [workers.submit(lambda gone: time.sleep(0.5), far) for _ in range(6)]
    started = time.monotonic()
    with pytest.raises(Overloaded, match="wait already"):
        workers.submit(lambda gone: None, time.monotonic() + 0.5)
    assert time.monotonic() - started < 0.1
    assert workers.retry_after_s() >= 2
    for ticket in tickets:
        ticket.give_up()
    workers.close()


async def test_work_that_is_not_finished_in_time_ends_in_its_own_error() -> None:
    workers = Workers(2)
    with pytest.raises(DeadlineExceeded):
        await workers.result(workers.submit(lambda gone: time.sleep(0.4), time.monotonic() + 0.1))
    with pytest.raises(ZeroDivisionError):
        await workers.result(workers.submit(lambda gone: 1 / 0, time.monotonic() + 5))
    with pytest.raises(TimeoutError, match="its own"):
        await workers.result(workers.submit(_times_out, time.monotonic() + 5))
    workers.close()


def _times_out(gone: threading.Event) -> None:
    raise TimeoutError("its own")


# Slow senders


def test_sixty_idle_and_slow_connections_do_not_keep_anybody_out(home: Path, twin: Twin) -> None:
    with running(home, twin, max_connections=50, receive_timeout_s=1) as url, ExitStack() as stack:
        slow = [b"", b"GET /hea", b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"]
        connections = [stack.enter_context(dial(url, slow[number % 3])) for number in range(60)]
        assert ask(url, "torque?").status_code == 200, "at once, while they are still open"
        wait_until(lambda: all(is_closed(connection) for connection in connections), 4)
        assert ask(url, "torque?").status_code == 200


def test_dripping_does_not_extend_the_time_to_send(home: Path, twin: Twin) -> None:
    with running(home, twin, receive_timeout_s=0.5) as url, dial(url, b"POST /v1/ask HTTP/1.1\r\nHost: x\r\n") as connection:
        started = time.monotonic()
        while not is_closed(connection):
            try:
                connection.sendall(b"X-A: b\r\n")
            except OSError:
                break
            assert time.monotonic() - started < 2
            time.sleep(0.05)
    assert twin.asked == []


def test_uploads_get_their_own_longer_time(home: Path, twin: Twin) -> None:
    head = b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900\r\n\r\n--b\r\n"
    with running(home, twin, receive_timeout_s=0.2, upload_timeout_s=0.8) as url, dial(url, head) as connection:
        time.sleep(0.5)
        assert not is_closed(connection)
        wait_until(lambda: is_closed(connection), 2)


def test_a_connection_that_is_kept_alive_may_rest_and_ask_again(home: Path, twin: Twin) -> None:
    with running(home, twin, receive_timeout_s=0.2) as url, httpx.Client() as client:
        for _ in range(3):
            assert client.post(f"{url}/v1/ask", json={"question": "q"}).status_code == 200
            time.sleep(0.4)


def test_a_long_answer_is_not_cut_off_by_the_time_to_send(home: Path, twin: Twin) -> None:
    with running(home, twin, receive_timeout_s=0.2) as url:
        assert ask(url, "slow 0.6").status_code == 200


def test_when_every_connection_is_busy_the_next_is_answered_503(home: Path, twin: Twin) -> None:
    with running(home, twin, max_connections=2) as url, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, url, f"slow 0.{number}5") for number in (5, 6)]
        wait_until(lambda: len(twin.asked) == 1)
        time.sleep(0.1)
        refused = httpx.get(f"{url}/healthz")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["status"] == 503
        assert [future.result().status_code for future in asked] == [200, 200]


@pytest.mark.parametrize(
    "nonsense", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"\x16\x03\x01\x02\x00" * 20 + b"\r\n\r\n"]
)
def test_what_is_no_http_gets_a_problem_and_is_closed(home: Path, twin: Twin, nonsense: bytes) -> None:
    with running(home, twin) as url, dial(url, nonsense) as connection:
        received = b""
        while piece := connection.recv(4096):
            received += piece
    assert received.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in received


# A new index


def test_a_new_build_takes_over_without_a_request_being_dropped(home: Path, twin: Twin) -> None:
    with running(home, twin) as url, ThreadPoolExecutor(1) as pool:
        old = pool.submit(ask, url, "slow 1.2")
        wait_until(lambda: len(twin.asked) == 1)
        publish_build(home, "b2")
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["index"]["build_id"] == "b2" if len(twin.opened) == 2 else False, 4)
        assert twin.opened[0].closed == 0, "the old index was closed while a request used it"
        assert old.result().json()["index"]["build_id"] == "b1"
        wait_until(lambda: twin.opened[0].closed == 1)
        assert ask(url, "next").json()["index"]["build_id"] == "b2"
        assert twin.opened[1].closed == 0
    assert [store.closed for store in twin.opened] == [1, 1]


def test_publishing_while_asked_all_the_time_drops_nothing(home: Path, twin: Twin) -> None:
    stop = threading.Event()
    seen: list[tuple[int, str]] = []

    def keep_asking(url: str) -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                response = client.post(f"{url}/v1/ask", json={"question": "q"})
                seen.append((response.status_code, response.json().get("index", {}).get("build_id", "")))

    with running(home, twin) as url, ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(keep_asking, url) for _ in range(3)]
        for number in (2, 3, 4):
            publish_build(home, f"b{number}")
            wait_until(lambda number=number: seen[-1:] == [(200, f"b{number}")], 4)  # type: ignore[misc]
        stop.set()
        for future in asking:
            future.result()
    assert {status for status, _ in seen} == {200}
    assert {build for _, build in seen} == {"b1", "b2", "b3", "b4"}
    assert [store.closed for store in twin.opened] == [1] * 4


def test_a_build_that_cannot_be_opened_leaves_the_old_one_serving_and_says_so(home: Path, twin: Twin) -> None:
    with running(home, twin) as url:
        publish_build(home, "b2")
        damaged = builds_dir(home) / "b2" / "manifest.json"
        content = damaged.read_text("utf-8")
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["index"]["build_id"] == "b2")
        write_durably(home / "current", "b3\n")  # nothing of that name exists
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["warning"] is not None)
        ready = httpx.get(f"{url}/readyz").json()
        assert (ready["status"], ready["index"]["build_id"]) == ("ready", "b2")
        assert "b3" in ready["warning"]
        assert ask(url, "q").json()["index"]["build_id"] == "b2"
        assert damaged.read_text("utf-8") == content
        publish(home, "b2")
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["warning"] is None)


@pytest.mark.parametrize("before", ["b1", "poison-1"])
def test_a_build_that_breaks_its_reader_is_not_served_and_does_not_end_the_watching(tmp_path: Path, twin: Twin, before: str) -> None:
    with running(tmp_path, twin) as url:
        publish_build(tmp_path, before)
        wait_until(lambda: len(twin.opened) == 1)
        publish_build(tmp_path, "poison-2")
        wait_until(lambda: len(twin.opened) == 2 and twin.opened[1].closed == 1)
        ready = httpx.get(f"{url}/readyz")
        assert (ready.status_code, "unexpected reason" in ready.text) == (200 if before == "b1" else 503, True)
        publish_build(tmp_path, "b3")
        wait_until(lambda: httpx.get(f"{url}/readyz").json().get("index", {}).get("build_id") == "b3")
    assert [store.closed for store in twin.opened] == [1, 1, 1]


def test_when_the_last_document_is_removed_it_is_no_longer_answered_from(home: Path, twin: Twin) -> None:
    with running(home, twin) as url:
        (home / "current").unlink()
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 503)
        assert "evdocs ingest" in ask(url, "q").json()["detail"]
        assert [store.closed for store in twin.opened] == [1]
        publish(home, "b1")
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        assert ask(url, "q").status_code == 200


# The end


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from http_twins import Twin
from service.core.settings import Settings
from service.serve import serve
sys.exit(serve(Settings(home=Path(sys.argv[2]), port=int(sys.argv[3]), shutdown_timeout_s=5), Twin().pipeline))
"""


@contextmanager
def process(home: Path, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SCRIPT, os.path.dirname(__file__), str(home), str(port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_service_finishes_what_it_has_begun_and_exits_with_0(home: Path, number: int) -> None:
    with process(home) as child, ThreadPoolExecutor(1) as pool:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line.startswith("evdocs is listening on http://127.0.0.1:")
        url = line.split()[-1]
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        asked = pool.submit(ask, url, "slow 1")
        time.sleep(0.3)
        child.send_signal(number)
        time.sleep(0.3)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/healthz")
        assert asked.result().status_code == 200
        assert child.wait(5) == 0


def test_a_taken_port_is_one_clear_line_and_exit_code_1(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with process(home, port) as child:
            out, err = child.communicate(timeout=20)
    assert child.returncode == 1
    assert out == ""
    assert err.count("\n") == 1
    assert f"127.0.0.1:{port}" in err
