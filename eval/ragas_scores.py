"""A run's rows in, RAGAS figures out: Faithfulness, ContextPrecision, ContextRecall, AnswerRelevancy as the `ragas` package defines them.

Its metrics, prompts and arithmetic are used as they are; only its model is ours: the configured LLM judge, or the deterministic scorer. The
figures stand beside ours, never instead. ragas is an extra (`evdocs[ragas]`), imported late, with its telemetry off.

A value is a number or None with the reason why (refused, no reference, no contexts, not a number, the judge's failure): no NaN is
averaged, and n, n_valid and every reason are in the report.
"""

from __future__ import annotations

import json
import logging
import math
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from eval.run_rows import Row, answer_of, citations_of, contexts_of
from eval.scorer_llm import UnknownReply, reply
from eval.stats import Figure, mean
from eval.support import SCORER
from service.core.errors import DeadlineExceeded, ModelUnavailable

if TYPE_CHECKING:
    from eval.completion import ModelClient
    from service.core.ports import Embedder

METRICS = ("Faithfulness", "ContextPrecision", "ContextRecall", "AnswerRelevancy")
K_CONTEXTS = 6  # passages handed to the answerer (EVDOCS_PASSAGES)
TRIES = 2  # a model that does not keep to the asked form is asked once more


class RagasMissing(RuntimeError):
    """The ragas package cannot be used here; the text says what to do."""


class Judge(Protocol):
    """What answers ragas' prompts."""

    @property
    def name(self) -> str:
        """Who judges."""

    def answer(self, prompt: str, model: type[Any]) -> Any:
        """An instance of the pydantic class `model`. Raises JudgeFailed."""


class JudgeFailed(RuntimeError):
    """The judge gave no usable reply; the text says why and becomes the value's reason."""


@dataclass(frozen=True, slots=True)
class ScorerJudge:
    """The deterministic scorer in a model's place."""

    name: str = SCORER

    def answer(self, prompt: str, model: type[Any]) -> Any:
        """Raises JudgeFailed."""
        try:
            return model(**reply(prompt, model.__name__))
        except (UnknownReply, ValueError) as error:
            raise JudgeFailed(str(error)) from error


@dataclass(frozen=True, slots=True)
class ModelJudge:
    """The configured language model, asked for JSON of the form ragas wants."""

    client: ModelClient

    @property
    def name(self) -> str:
        """The model's name."""
        return self.client.model

    def answer(self, prompt: str, model: type[Any]) -> Any:
        """Raises JudgeFailed."""
        fault = ""
        for _ in range(TRIES):
            try:
                text = self.client.ask("Reply with one JSON object and nothing else.", prompt).text
                return model.model_validate_json(text[text.index("{") : text.rindex("}") + 1])
            except (ModelUnavailable, DeadlineExceeded) as error:  # has been tried again already
                raise JudgeFailed(f"judge: {type(error).__name__}") from error
            except ValueError as error:  # no JSON, or another form
                fault = type(error).__name__
        raise JudgeFailed(f"judge: reply is not the JSON asked for ({fault})")


@dataclass(frozen=True, slots=True)
class Scored:
    """One metric of one item: a value, or the reason why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RagasReport:
    """The figures by metric, how often which reason stood in the way of a value, and the values item by item."""

    judge: str
    version: str
    figures: Mapping[str, Figure]
    reasons: Mapping[str, Mapping[str, int]]
    items: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        """As it is written beside the run."""
        figures = {name: figure.to_json() for name, figure in self.figures.items()}
        return {
            **{"judge": self.judge, "ragas": self.version, "k_contexts": K_CONTEXTS, "figures": figures},
            **{"reasons": {name: dict(counts) for name, counts in self.reasons.items()}, "items": list(self.items)},
        }


def load_ragas() -> Any:
    """The package, telemetry off. Raises RagasMissing."""
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # read once, when it first wants to phone home
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside ragas and langchain are not this user's business
        try:
            import ragas
            import ragas._analytics as analytics
            import ragas.embeddings.base
            import ragas.llms.base
            import ragas.metrics.collections
        except ImportError as error:
            raise RagasMissing(f"RAGAS figures need the extra: pip install 'evdocs[ragas]' ({error})") from error
    analytics.do_not_track.cache_clear()  # whoever imported ragas before us may have asked it while the variable was not set
    if not analytics.do_not_track():
        raise RagasMissing("ragas does not honour RAGAS_DO_NOT_TRACK any more; it would phone home, so it is not used")
    return ragas


def metrics_of(ragas: Any, judge: Judge, embedder: Embedder) -> dict[str, Any]:
    """The package's metrics, asking this judge."""

    class Llm(ragas.llms.base.InstructorBaseRagasLLM):  # type: ignore[misc]
        def generate(self, prompt: str, response_model: type[Any]) -> Any:
            return judge.answer(prompt, response_model)

        async def agenerate(self, prompt: str, response_model: type[Any]) -> Any:
            return judge.answer(prompt, response_model)

    class Embeddings(ragas.embeddings.base.BaseRagasEmbedding):  # type: ignore[misc]
        def embed_text(self, text: str, **_: Any) -> list[float]:
            return [float(x) for x in embedder.embed_queries([text])[0]]

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return self.embed_text(text)

    known, llm = ragas.metrics.collections, Llm()
    made = {name: getattr(known, name)(llm=llm) for name in METRICS if name != "AnswerRelevancy"}
    # the scorer's question never varies: asking it three times would say the same
    strictness = 1 if isinstance(judge, ScorerJudge) else 3
    return made | {"AnswerRelevancy": known.AnswerRelevancy(llm=llm, embeddings=Embeddings(), strictness=strictness)}


def score_run(
    rows: Sequence[Row], judge: Judge, embedder: Embedder, *, clients: int = 1, told: Callable[[], None] = lambda: None
) -> RagasReport:
    """Every metric of every row, `clients` rows at a time; `told` is called after each row. Raises RagasMissing."""
    ragas = load_ragas()
    logging.getLogger("ragas").setLevel(logging.ERROR)
    metrics = metrics_of(ragas, judge, embedder)

    def one(row: Row) -> Row:
        values = {name: _value(metric, inputs_of(name, row)) for name, metric in metrics.items()}
        told()
        return {"id": row["id"], **{name: {"value": scored.value, "reason": scored.reason} for name, scored in values.items()}}

    with ThreadPoolExecutor(max_workers=clients, thread_name_prefix="evdocs-ragas") as pool:
        items = list(pool.map(one, rows))
    clusters = [str(row.get("cluster", row["id"])) for row in rows]
    figures = {name: mean([item[name]["value"] for item in items], clusters) for name in METRICS}
    reasons = {name: Counter(item[name]["reason"] for item in items if item[name]["reason"]) for name in METRICS}
    return RagasReport(judge.name, str(ragas.__version__), figures, reasons, items)


def inputs_of(metric: str, row: Mapping[str, Any]) -> dict[str, Any] | str:
    """What the metric is given for a row, or the reason why it cannot have a value. Contexts are the texts of the first hits; where a run
    kept none, the quotes cited. Context figures exist for answerable items, answer figures for answers given (ragas would score a right
    refusal 0 or NaN)."""
    if row.get("error"):
        return "the item failed"
    question, answer, reference = str(row["question"]), answer_of(row), str(row.get("expected") or "")
    contexts = contexts_of(row, K_CONTEXTS) or [str(citation["quote"]) for citation in citations_of(row)]
    if metric in ("Faithfulness", "AnswerRelevancy") and not answer:
        return f"no answer ({row.get('status') or 'none'})"
    if metric in ("ContextPrecision", "ContextRecall") and not (row.get("expect") == "answer" and reference):
        return "not answerable, or no reference"
    if metric == "AnswerRelevancy":
        return {"user_input": question, "response": answer}
    if not contexts:
        return "no contexts"
    asked = {"user_input": question, "retrieved_contexts": contexts}
    return asked | ({"response": answer} if metric == "Faithfulness" else {"reference": reference})


def _value(metric: Any, given: dict[str, Any] | str) -> Scored:
    if isinstance(given, str):
        return Scored(None, given)
    try:
        value = float(metric.score(**given).value)
    except JudgeFailed as error:
        return Scored(None, str(error))
    except Exception as error:  # noqa: BLE001 - whatever ragas makes of one item is that item's failure, shown, not the end of the report
        return Scored(None, f"ragas: {type(error).__name__}")
    return Scored(value) if math.isfinite(value) else Scored(None, "not a number")


def table(report: RagasReport) -> Iterator[str]:
    """The report as lines of text."""
    yield f"RAGAS {report.version}, judged by {report.judge}, {K_CONTEXTS} contexts; beside the figures of the run, never instead"
    for name, figure in report.figures.items():
        shown = "   -" if figure.value is None else f"{figure.value:.3f}"
        interval = "" if figure.low is None or figure.high is None else f"  [{figure.low:.3f}, {figure.high:.3f}]"
        yield f"  {name:18} {shown}{interval}  n_valid {figure.n_valid} of {figure.n}"
        yield from (f"  {'':18} {count} without a value: {reason}" for reason, count in sorted(report.reasons[name].items()))


def dumped(report: RagasReport) -> str:
    """The report as JSON text."""
    return json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
