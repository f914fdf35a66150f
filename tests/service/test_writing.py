"""Answers by a language model over a real index and real HTTP: what holds is given, what does not is not, and `degraded` says so."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_twins import wait_until
from llm_servers import FAILURES, ModelServer, Reply, failures, model_server, user_message
from manuals import indexed, manuals
from test_api import events_of

from service.adapters.tracer_jsonl import JsonLinesTracer
from service.answer import Question, answer
from service.app import create_app
from service.core.ports import Rag
from service.core.settings import Settings
from service.core.types import Answer
from service.degraded import PARTS
from service.prompts import packaged
from service.wire import load_writers

TORQUE = "What is the torque of the terminal screws?"
BLEED = "How do I bleed the coolant circuit?"
STEPS = (
    "1. Connect the hose to the bleed valve B2.",
    "2. Open the bleed valve by one turn.",
    "3. Run the pump for 90 seconds.",
    "4. Close the bleed valve.",
    "5. Check the level in the expansion tank.",
)


@pytest.fixture(scope="module")
def lark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("lark")
    rag, _ = indexed(manuals(folder / "manuals"), home=folder / "home")
    yield rag
    rag.index.close()


@pytest.fixture(scope="module")
def extractive(lark: Rag) -> Answer:
    """What is answered without a model."""
    return ask(lark)


@pytest.fixture(params=["openai", "anthropic"])
def server(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    with model_server(request.param) as running:
        yield running


def with_models(rag: Rag, server: ModelServer, **settings: Any) -> Rag:
    """The same pipeline with the models of a server wired in, as settings do it."""
    made = rag.settings.model_copy(
        update={"llm_url": server.url, "llm_protocol": server.protocol, "llm_model": "small", "llm_retries": 1, **settings}
    )
    return replace(rag, settings=made, writers=load_writers(made))


def ask(rag: Rag, question: str = TORQUE, *, within_s: float = 30.0, told: list[str] | None = None, **fields: Any) -> Answer:
    listen = (lambda text: told.append(text)) if told is not None else None
    return answer(rag, Question(question, **fields), trace_id="0" * 32, deadline=time.monotonic() + within_s, on_sentence=listen)


def saying(server: ModelServer, *lines: tuple[str, str]) -> None:
    """Answer with these (sentence, words of the passage it is to cite) pairs."""

    def script(body: dict[str, Any]) -> Reply:
        return Reply(server.spoken(said(user_message(body), lines)))

    server.script = script


def said(evidence: str, lines: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"{sentence} [{number_of(evidence, words)}]" for sentence, words in lines)


def number_of(evidence: str, words: str) -> int:
    """The number of the passage that holds these words."""
    blocks = re.split(r"^\[(\d+)\]$", evidence.split("Question:")[0], flags=re.MULTILINE)
    return next(int(number) for number, text in zip(blocks[1::2], blocks[2::2], strict=True) if words in text)


# What holds


def test_an_answer_that_holds_is_given_with_its_quotes_model_and_prompt(lark: Rag, server: ModelServer) -> None:
    saying(server, ("Tighten the terminal screws to 7 Nm.", "terminal screws to 7"))
    made = ask(with_models(lark, server, llm_price="2,10"))
    assert (made.mode, made.text, made.degraded) == ("llm", "Tighten the terminal screws to 7 Nm. [1]", ())
    assert made.generator == f"small+{packaged().label}"
    assert "Tighten the terminal screws to 7 Nm." in made.citations[0].quote
    assert (made.verification.sentences, made.verification.supported) == (1, 1)
    assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.cost) == (120, 30, pytest.approx((240 + 300) / 1e6))


def test_a_row_is_cited_with_its_head(lark: Rag, server: ModelServer) -> None:
    saying(server, ("M8 cover screw: Torque 22 Nm, Wrench 13 mm.", "M8 cover screw"))
    made = ask(with_models(lark, server), "Which torque has the M8 cover screw?")
    assert made.mode == "llm", made.degraded
    assert [citation.quote for citation in made.citations] == ["M8 cover screw 22 13 mm", "Screw Torque (Nm) Wrench"]


def test_a_sentence_may_join_two_of_the_evidence(lark: Rag, server: ModelServer) -> None:
    saying(server, ("Tighten the terminal screws to 7 Nm and the earth screw to 12 Nm.", "terminal screws to 7"))
    made = ask(with_models(lark, server))
    assert made.mode == "llm", made.degraded
    assert len(made.citations) == 2


def test_a_procedure_comes_whole_and_with_its_warning(lark: Rag, server: ModelServer) -> None:
    saying(server, *((step, step) for step in STEPS))
    made = ask(with_models(lark, server), BLEED)
    assert made.mode == "llm", made.degraded
    assert [re.sub(r" \[\d+\]", "", line) for line in made.text.splitlines()] == list(STEPS)
    assert [notice.level for notice in made.notices] == ["warning"], "the model did not say it: it comes nevertheless"


def test_the_trace_holds_model_tokens_cost_and_prompt(lark: Rag, server: ModelServer, tmp_path: Path) -> None:
    saying(server, ("Tighten the terminal screws to 7 Nm.", "terminal screws to 7"))
    tracer = JsonLinesTracer(tmp_path / "traces.jsonl", content=False)
    ask(replace(with_models(lark, server, llm_price="2,10"), tracer=tracer))
    tracer.close()
    (span,) = [span for span in json.loads((tmp_path / "traces.jsonl").read_text())["spans"] if span["name"] == "llm"]
    assert (span["kind"], span["model"], span["usage"]) == ("generation", "small", {"input": 120, "output": 30})
    assert span["cost"] == pytest.approx(0.00054)
    assert span["prompt"] == {"name": "answer", "version": packaged().version}
    assert span["metadata"]["generator"].endswith(packaged().label)


def test_extractive_mode_asks_no_model(lark: Rag, server: ModelServer) -> None:
    assert ask(with_models(lark, server), mode="extractive").mode == "extractive"
    assert server.bodies == []


def test_evidence_reaches_the_model_as_marked_lines_only(lark: Rag, server: ModelServer) -> None:
    server.says("NO ANSWER")
    ask(with_models(lark, server))
    ask(with_models(lark, server))
    marks = [re.search(r"begins with the mark (\S+) ", server.system_of(n)) for n in (0, 1)]
    assert marks[0]
    assert marks[1]
    assert marks[0].group(1) != marks[1].group(1)
    evidence, _, question = server.user_of(0).partition("\n\nQuestion:\n")
    assert question == TORQUE
    lines = [line for line in evidence.splitlines() if line and line != "Evidence:" and not re.fullmatch(r"\[\d+\]", line)]
    assert len(lines) > 5
    assert all(line.startswith(f"{marks[0].group(1)} ") for line in lines)
    assert any(line.endswith("M8 cover screw: Torque 22 Nm, Wrench 13 mm") for line in lines), "a row is told with its heads"


# What does not hold


def test_a_sentence_that_fails_is_dropped_where_the_rest_answers(lark: Rag, server: ModelServer) -> None:
    saying(
        server,
        ("Tighten the terminal screws to 7 Nm.", "terminal screws to 7"),
        ("Do not reuse the terminal screws.", "terminal screws to 7"),
        ("Apply thread lock to them.", "terminal screws to 7"),
    )
    told: list[str] = []
    made = ask(with_models(lark, server), told=told)
    assert (made.mode, made.degraded) == ("llm", ("llm_sentences_dropped",))
    assert made.text == "Tighten the terminal screws to 7 Nm. [1]\nDo not reuse the terminal screws. [2]"
    assert "".join(told).strip() == made.text
    assert made.verification.supported == made.verification.sentences == 2


def test_where_the_answer_itself_is_dropped_the_extractive_one_is_given(lark: Rag, server: ModelServer) -> None:
    saying(
        server,
        ("The torque of the terminal screws is 9 Nm.", "terminal screws to 7"),
        ("Do not reuse the terminal screws.", "terminal screws to 7"),
        ("Tighten the earth screw.", "terminal screws to 7"),
    )
    told: list[str] = []
    made = ask(with_models(lark, server), told=told)
    assert (made.mode, made.degraded) == ("extractive", ("llm_unsupported",))
    assert "9 Nm" not in "".join(told).replace("M6 busbar screw: Torque 9 Nm", ""), (
        "what is not proved reaches nobody, not even for a moment"
    )


@pytest.mark.parametrize(
    "steps",
    [
        [0, 1, 3, 4],  # one left out
        [0, 2, 1, 3, 4],  # two turned round
        [0, 1, 2],  # the end is missing
    ],
)
def test_a_procedure_with_a_step_missing_or_misplaced_is_not_given(lark: Rag, server: ModelServer, steps: list[int]) -> None:
    saying(server, *((STEPS[n], STEPS[n]) for n in steps))
    made = ask(with_models(lark, server), BLEED)
    assert (made.mode, made.degraded) == ("extractive", ("llm_steps",))
    assert all(step in made.text for step in STEPS)


def test_a_step_that_is_not_proved_takes_the_procedure_with_it(lark: Rag, server: ModelServer) -> None:
    saying(server, *((step.replace("90", "30"), step) for step in STEPS))
    made = ask(with_models(lark, server), BLEED)
    assert made.mode == "extractive"
    assert made.degraded in (("llm_steps",), ("llm_unsupported",))


def test_the_larger_model_is_asked_where_the_small_ones_answer_does_not_hold(lark: Rag, server: ModelServer) -> None:
    def script(body: dict[str, Any]) -> Reply:
        torque = {"small": "9 Nm", "large": "7 Nm"}[body["model"]]
        return Reply(server.spoken(said(user_message(body), [(f"Tighten the terminal screws to {torque}.", "terminal screws to 7")])))

    server.script = script
    made = ask(with_models(lark, server, llm_large_model="large", llm_price="1,1", llm_large_price="10,10"))
    assert (made.mode, made.degraded) == ("llm", ("llm_larger_model",))
    assert made.generator.startswith("large+")
    assert made.usage.cost == pytest.approx(150 / 1e6 + 1500 / 1e6), "both were paid"


def test_where_neither_model_holds_both_faults_are_named(lark: Rag, server: ModelServer) -> None:
    server.script = lambda body: Reply(server.spoken("NO ANSWER" if body["model"] == "small" else "Tighten to 99 Nm. [1]"))
    made = ask(with_models(lark, server, llm_large_model="large"))
    assert (made.mode, made.degraded) == ("extractive", ("llm_no_answer", "llm_unsupported"))
    assert made.generator == ""


def test_a_server_that_is_down_is_not_asked_for_the_larger_model_too(lark: Rag, server: ModelServer) -> None:
    server.script = lambda body: Reply(status=400)
    assert ask(with_models(lark, server, llm_large_model="large")).degraded == ("llm",)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_gives_the_extractive_answer_in_time_and_says_so(
    lark: Rag, extractive: Answer, server: ModelServer, name: str
) -> None:
    reply, part = failures(server)[name]
    server.script = lambda body: reply
    timeout_s = 0.4 if part == "llm_deadline" else 10.0
    started = time.monotonic()
    made = ask(with_models(lark, server, llm_timeout_s=timeout_s))
    assert time.monotonic() - started < timeout_s + 5.0, "five seconds for searching on a busy machine"
    assert (made.status, made.mode, made.degraded) == ("answered", "extractive", (part,))
    assert part in PARTS
    assert (made.text, made.citations, made.notices) == (extractive.text, extractive.citations, extractive.notices)


def test_the_questions_own_deadline_holds_although_the_model_might_take_longer(lark: Rag, server: ModelServer) -> None:
    server.script = lambda body: Reply([30.0])
    started = time.monotonic()
    made = ask(with_models(lark, server, llm_timeout_s=60.0), within_s=5.0)
    assert time.monotonic() - started < 5.0
    assert made.degraded == ("llm_deadline",)


# Over HTTP


async def test_over_http_settled_sentences_stream_and_tokens_are_counted(lark: Rag, server: ModelServer) -> None:
    saying(server, ("Tighten the terminal screws to 7 Nm.", "terminal screws to 7"), ("Glue them in.", "terminal screws to 7"))
    settings: Settings = with_models(lark, server, llm_price="1,1").settings
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        await asyncio.to_thread(wait_until, lambda: app.state.evdocs.live.ready, 60.0)
        ready = (await client.get("/readyz")).json()
        streamed = events_of((await client.post("/v1/ask", json={"question": TORQUE, "stream": True})).text)
        figures = (await client.get("/metrics")).text
    assert ready["models"]["generator"] == f"small+{packaged().label}"
    assert [name for name, _ in streamed] == ["token", "citation", "answer"]
    body = streamed[-1][1]
    assert (body["mode"], body["degraded"]) == ("llm", ["llm_sentences_dropped"])
    assert streamed[0][1]["text"].strip() == body["answer"] == "Tighten the terminal screws to 7 Nm. [1]"
    assert body["models"]["generator"] == f"small+{packaged().label}"
    assert 'evdocs_llm_tokens_total{kind="input"} 120' in figures
    assert 'evdocs_llm_tokens_total{kind="output"} 30' in figures
    assert "evdocs_llm_cost_total 0.00015" in figures
    assert 'evdocs_degraded_total{part="llm_sentences_dropped"} 1' in figures
