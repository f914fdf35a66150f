"""Server-sent events are the same however their bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.server_sent import MAX_EVENT_CHARS, Event, server_sent_events
from service.core.errors import ModelUnavailable

STREAM = '\ufeffevent: a\r\ndata: one\r\ndata:two ü\r\n\r\n: note\n\ndata: {"x": 1}\rid: 7\r\r\n\nretry: 1\n\nevent: b\ndata\n\ndata: last'
EVENTS = [Event("a", "one\ntwo ü"), Event("", '{"x": 1}'), Event("b", ""), Event("", "last")]


@given(st.lists(st.integers(1, 9), max_size=200))
def test_events_do_not_depend_on_how_bytes_are_cut(sizes: list[int]) -> None:
    raw, pieces = STREAM.encode(), []
    for size in sizes:
        pieces.append(raw[:size])
        raw = raw[size:]
    assert list(server_sent_events([*pieces, raw])) == EVENTS


def test_a_line_that_never_ends_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="too large"):
        list(server_sent_events([b"x" * 1000] * (MAX_EVENT_CHARS // 1000 + 2)))
    with pytest.raises(ModelUnavailable, match="too large"):
        list(server_sent_events([b"data: " + b"x" * 1000 + b"\n"] * (MAX_EVENT_CHARS // 1000 + 2)))


def test_what_is_not_utf8_is_an_error_also_at_the_end() -> None:
    for raw in (b"data: \xff\n\n", b"data: \xc3"):
        with pytest.raises(UnicodeDecodeError):
            list(server_sent_events([raw]))
