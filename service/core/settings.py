"""Every knob, with its unit, default and one sentence; the only reader of the environment.

A setting `k_dense` is read from `EVDOCS_K_DENSE`. An `EVDOCS_*` name that is no setting is an error, not a typo that passes in
silence. Values are checked once, here; the rest of the code trusts them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from service.core.errors import SettingsError

PREFIX = "EVDOCS_"
_PRICE = r"^(\d{1,6}(\.\d{1,6})?,\d{1,6}(\.\d{1,6})?)?$"


def _knob(default: Any, sentence: str, **limits: Any) -> Any:
    return Field(default=default, description=sentence, **limits)


class Settings(BaseModel):
    """All settings, frozen. Build it with `load()`; tests pass fields directly."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = _knob(Path("var"), "Folder for the index, caches, uploads and logs.")

    embedder: str = _knob(
        "minilm", "Embedding model: `minilm` (packaged all-MiniLM-L6-v2) or a folder or hub name for sentence-transformers."
    )
    reranker: str = _knob("packaged", "Cross-encoder: `packaged`, `none`, or a folder or hub name for sentence-transformers.")
    allow_hub: bool = _knob(False, "Let model names that are no local folder be fetched from the Hugging Face hub.")
    precision: str = _knob(
        "auto",
        "Arithmetic of the models: `auto` (the fastest this CPU does, measured at start), `fp32`, `bf16` or `int8` (cross-encoder only).",
        pattern="^(auto|fp32|bf16|int8)$",
    )
    threads: int = _knob(0, "CPU threads for the models; 0 takes all cores.", ge=0, le=256)

    qdrant_url: str = _knob("", "Address of a Qdrant server; empty uses the embedded store.", max_length=2000)
    qdrant_api_key: SecretStr = _knob(SecretStr(""), "API key of the Qdrant server.")
    qdrant_prefix: str = _knob("evdocs", "Prefix of the collections on the Qdrant server.", pattern="^[A-Za-z0-9_-]{1,64}$")
    qdrant_timeout_s: float = _knob(5.0, "Seconds to wait for the Qdrant server.", gt=0, le=120)

    chunk_tokens: int = _knob(256, "Most tokens of a chunk, context included; never above the embedder's window.", ge=64, le=8192)
    k_dense: int = _knob(50, "Chunks taken from dense search.", ge=1, le=1000)
    k_lexical: int = _knob(50, "Chunks taken from BM25 search.", ge=1, le=1000)
    rrf_k: int = _knob(20, "Rank constant of reciprocal rank fusion.", ge=1, le=1000)
    weight_dense: float = _knob(1.0, "Weight of dense ranks in the fusion.", ge=0, le=100)
    weight_lexical: float = _knob(1.0, "Weight of BM25 ranks in the fusion.", ge=0, le=100)
    rerank_depth: int = _knob(20, "Candidates the cross-encoder reads at most.", ge=1, le=200)
    rerank_certain: float = _knob(0.97, "Probability of the first candidate at which reading stops; 1 reads all.", ge=0, le=1)
    rerank_budget_s: float = _knob(2.0, "Seconds the cross-encoder may take for a question; then what is read so far decides.", gt=0, le=60)
    passages: int = _knob(6, "Passages handed to the answerer.", ge=1, le=50)
    refuse_below: float = _knob(-1.0, "Refuse answers whose confidence is lower; -1 takes the fitted threshold.", ge=-1, le=1)

    llm_url: str = _knob("", "Base address of an OpenAI-compatible or Anthropic API; empty answers extractively.", max_length=2000)
    llm_protocol: str = _knob(
        "auto",
        "Protocol of the LLM API: `openai`, `anthropic`, or `auto` (told by address and model).",
        pattern="^(auto|openai|anthropic)$",
    )
    llm_model: str = _knob("", "Model that is asked first.", max_length=200)
    llm_large_model: str = _knob(
        "", "Larger model that is asked when the first one's answer does not hold; empty asks none.", max_length=200
    )
    llm_api_key: SecretStr = _knob(SecretStr(""), "Key for the LLM API.")
    llm_timeout_s: float = _knob(
        20.0, "Seconds all LLM calls of one question may take before the extractive answer is given.", gt=0, le=600
    )
    llm_followup_s: float = _knob(
        2.0, "Seconds an LLM may take to complete a follow-up question before rules do; 0 never asks it.", ge=0, le=60
    )
    llm_first_byte_s: float = _knob(10.0, "Seconds an LLM may take to begin its answer.", gt=0, le=600)
    llm_retries: int = _knob(2, "Further tries after a lost connection, a 429 or a 5xx of the LLM API.", ge=0, le=10)
    llm_max_tokens: int = _knob(1000, "Most tokens an LLM may write for one answer.", ge=16, le=32000)
    llm_options: str = _knob(
        "",
        "JSON object merged into the body of each LLM request; null removes a field (`temperature`, `max_tokens`, ...).",
        max_length=4000,
    )
    llm_price: str = _knob("", "Price of a million input and output tokens, as `0.15,0.60`; empty counts no cost.", pattern=_PRICE)
    llm_large_price: str = _knob("", "The same for the larger model.", pattern=_PRICE)
    llm_prompt: str = _knob(
        "packaged",
        "What an LLM is told: `packaged`, or `langfuse:NAME` (`langfuse:NAME@LABEL`) from Langfuse prompt management.",
        pattern="^(packaged|langfuse:[^@]{1,200}(@[A-Za-z0-9._-]{1,100})?)$",
    )

    host: str = _knob("127.0.0.1", "Address the service listens on.", max_length=255)
    port: int = _knob(8000, "Port the service listens on; 0 takes a free one.", ge=0, le=65535)
    api_keys: SecretStr = _knob(
        SecretStr(""), "Comma-separated keys that callers must send as `Authorization: Bearer`; empty lets everybody in."
    )
    max_body_bytes: int = _knob(64 * 1024, "Largest JSON request body.", ge=1024, le=16 * 1024 * 1024)
    max_upload_bytes: int = _knob(200 * 1024 * 1024, "Largest uploaded document, and largest file ingested.", ge=1024, le=4 * 1024**3)
    receive_timeout_s: float = _knob(10.0, "Seconds a client may take to send a request.", gt=0, le=600)
    upload_timeout_s: float = _knob(120.0, "Seconds a client may take to send an upload.", gt=0, le=3600)
    deadline_s: float = _knob(30.0, "Seconds a question may take, waiting included, before it is answered 504.", gt=0, le=600)
    queue_size: int = _knob(64, "Questions that may wait for the models before new ones are answered 503.", ge=1, le=10000)
    max_connections: int = _knob(256, "Open connections before new ones are turned away.", ge=1, le=100000)
    shutdown_timeout_s: float = _knob(10.0, "Seconds running requests get to end when the service is stopped.", gt=0, le=600)

    parse_timeout_s: float = _knob(120.0, "Seconds one file may take to parse.", gt=0, le=3600)
    parse_cpu_s: int = _knob(120, "CPU seconds one file may take to parse.", ge=1, le=3600)
    parse_memory_bytes: int = _knob(2 * 1024**3, "Address space one file may take to parse.", ge=256 * 1024**2, le=64 * 1024**3)
    parse_workers: int = _knob(0, "Files parsed at a time; 0 takes all cores.", ge=0, le=64)
    max_pages: int = _knob(5000, "Most pages of one document.", ge=1, le=100000)
    ocr: str = _knob(
        "auto",
        "Pages without a usable text layer: `auto` reads them by Tesseract where it is installed, `off` does not.",
        pattern="^(auto|off)$",
    )
    ocr_languages: str = _knob(
        "auto",
        "Tesseract languages to choose from, joined by `+` (`eng+deu`); `auto` takes all that are installed.",
        pattern="^[A-Za-z][A-Za-z0-9_]*([+][A-Za-z][A-Za-z0-9_]*)*$",
        max_length=200,
    )
    ocr_timeout_s: float = _knob(60.0, "Seconds OCR may take for one page; not counted against EVDOCS_PARSE_TIMEOUT_S.", gt=0, le=600)
    ocr_max_pages: int = _knob(500, "Most pages of one document read by OCR.", ge=1, le=100000)
    keep_builds: int = _knob(2, "Builds kept on disk, the published one included.", ge=1, le=100)

    trace: str = _knob("none", "Where traces go: `none`, `jsonl` (`home`/traces.jsonl) or `langfuse`.", pattern="^(none|jsonl|langfuse)$")
    trace_content: bool = _knob(True, "Put questions and answers into traces; off keeps timings and counts only.")
    langfuse_url: str = _knob("", "Address of the Langfuse server.", max_length=2000)
    langfuse_public_key: str = _knob("", "Langfuse public key.", max_length=200)
    langfuse_secret_key: SecretStr = _knob(SecretStr(""), "Langfuse secret key.")
    alert_url: SecretStr = _knob(
        SecretStr(""), "Webhook that `evdocs eval nightly` tells of a failed gate, as a JSON POST; empty tells none."
    )

    @property
    def n_threads(self) -> int:
        """Threads for the models, resolved."""
        return self.threads or self.n_cores

    @property
    def n_cores(self) -> int:
        """Cores this process may use."""
        return len(os.sched_getaffinity(0))


def environment_name(field: str) -> str:
    """`k_dense` -> `EVDOCS_K_DENSE`."""
    return PREFIX + field.upper()


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment; `overrides` (fields by name, None = not given) win. Raises SettingsError naming every
    variable that is unknown or out of range."""
    environ = os.environ if environ is None else environ
    fields = {environment_name(name): name for name in Settings.model_fields}
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise SettingsError(f"Unknown setting {', '.join(unknown)}. The settings are listed in README.md and by `evdocs settings`.")
    values: dict[str, Any] = {fields[name]: value for name, value in given.items() if value != ""}
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{environment_name(str(e['loc'][0])) if e['loc'] else PREFIX + '*'}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise SettingsError(wrong) from error
