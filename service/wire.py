"""Settings in, adapters out: the only module that names concrete ones.

Heavy libraries are imported where they are needed, so that commands which load no model start at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from service.core.catalogue import read_catalogue
from service.core.code_table import read_codes
from service.core.errors import IndexIncompatible, IndexUnavailable, SettingsError
from service.core.manifest import CHUNKER_VERSION, Manifest, builds_dir, check_compatible, current_build_id, read_manifest
from service.core.ports import Embedder, Generator, Index, LateWriter, Rag, Reranker, Stores, Tracer, VectorWriter, Writer
from service.core.settings import Settings
from service.core.text import ANALYZER_VERSION
from service.core.types import Chunk, Document
from service.core.words import read_words
from service.prompts import PromptSource, packaged

if TYPE_CHECKING:
    from service.adapters.dialect import Dialect
    from service.adapters.llm import Asking


def wire(settings: Settings) -> Rag:
    """Models loaded, the published index open. Raises SettingsError, IndexUnavailable, ModelUnavailable."""
    from service.adapters.cpu import leave_cores_to_the_models

    leave_cores_to_the_models()
    writers = load_writers(settings)
    embedder = load_embedder(settings)
    index = open_index(settings, embedder)
    reranker = load_reranker(settings)
    return Rag(settings, index, embedder, reranker, load_generators(), build_tracer(settings), writers)


def load_embedder(settings: Settings) -> Embedder:
    """The embedding model. Raises ModelUnavailable."""
    from service.adapters.embedder import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(
        settings.embedder, precision=settings.precision, threads=settings.n_threads, allow_hub=settings.allow_hub
    )  # fmt: skip


def embedder_fingerprint(settings: Settings) -> str:
    """The fingerprint `load_embedder(settings)` would have, without loading the model where that can be told."""
    from service.adapters.embedder import fingerprint_of

    return fingerprint_of(settings.embedder, allow_hub=settings.allow_hub)


def load_reranker(settings: Settings) -> Reranker | None:
    """The cross-encoder, or None where it is switched off. Raises ModelUnavailable."""
    if settings.reranker == "none":
        return None
    from service.adapters.reranker import CrossEncoderReranker

    return CrossEncoderReranker(
        settings.reranker, precision=settings.precision, threads=settings.n_threads, allow_hub=settings.allow_hub
    )  # fmt: skip


def load_generators() -> Mapping[str, Generator]:
    """Answerers that need no language model, by mode."""
    from service.adapters.extractive import ExtractiveGenerator

    return {"extractive": ExtractiveGenerator()}


def load_writers(settings: Settings) -> tuple[Writer, ...]:
    """The language models, the small one first; none where no address is set. Raises SettingsError."""
    if not settings.llm_url:
        return ()
    from service.adapters.llm import LlmWriter

    models = [(settings.llm_model, settings.llm_price)]
    if settings.llm_large_model:
        models.append((settings.llm_large_model, settings.llm_large_price))
    prompts = load_prompts(settings)
    return tuple(LlmWriter(dialect, prompts, asking) for dialect, asking in (load_model(settings, *model) for model in models))


def load_model(settings: Settings, model: str, price: str) -> tuple[Dialect, Asking]:
    """A language model at the configured address: the protocol it speaks, and how it is asked. Raises SettingsError."""
    from service.adapters.anthropic import Anthropic
    from service.adapters.dialect import protocol_of
    from service.adapters.llm import Asking, options_of, price_of
    from service.adapters.openai_compatible import OpenAICompatible

    protocol = protocol_of(settings.llm_url, model) if settings.llm_protocol == "auto" else settings.llm_protocol
    if protocol == "anthropic" and not model:
        raise SettingsError("EVDOCS_LLM_MODEL must name a model for an Anthropic API.")
    dialect = (Anthropic if protocol == "anthropic" else OpenAICompatible)(settings.llm_url, settings.llm_api_key.get_secret_value())
    return dialect, Asking(
        model,
        timeout_s=settings.llm_timeout_s,
        first_byte_s=settings.llm_first_byte_s,
        retries=settings.llm_retries,
        max_tokens=settings.llm_max_tokens,
        options=options_of(settings.llm_options),
        price=price_of(price),
    )


def load_prompts(settings: Settings) -> PromptSource:
    """Where the prompt for language models comes from. Raises SettingsError."""
    if settings.llm_prompt == "packaged":
        return packaged
    from service.adapters.prompts_langfuse import LangfusePrompts

    name, _, label = settings.llm_prompt.removeprefix("langfuse:").partition("@")
    secret = settings.langfuse_secret_key.get_secret_value()
    return LangfusePrompts(settings.langfuse_url, settings.langfuse_public_key, secret, name, label or "production")


def build_tracer(settings: Settings) -> Tracer:
    """Where traces go."""
    if settings.trace == "jsonl":
        from service.adapters.tracer_jsonl import JsonLinesTracer

        return JsonLinesTracer(settings.home / "traces.jsonl", content=settings.trace_content)
    if settings.trace == "langfuse":
        from service.adapters.tracer_langfuse import LangfuseTracer

        secret = settings.langfuse_secret_key.get_secret_value()
        return LangfuseTracer(settings.langfuse_url, settings.langfuse_public_key, secret, content=settings.trace_content)
    from service.adapters.tracer_noop import NoopTracer

    return NoopTracer()


def open_index(settings: Settings, embedder: Embedder) -> Index:
    """The published build, open for reading. Raises IndexUnavailable, IndexIncompatible."""
    build_id = current_build_id(settings.home)
    if build_id is None:
        raise IndexUnavailable(f"Nothing is indexed in {settings.home}. Run `evdocs ingest PATH`.")
    build = builds_dir(settings.home) / build_id
    manifest = read_manifest(build)
    check_compatible(manifest, embedder=embedder.fingerprint, analyzer=ANALYZER_VERSION, chunker=CHUNKER_VERSION)
    store = "qdrant" if settings.qdrant_url else "edge"
    if manifest.store != store:
        raise IndexIncompatible(
            f"The index is in store {manifest.store!r}, the settings ask for {store!r}. Run `evdocs ingest PATH` again."
        )
    documents = {entry.document.document_id: entry.document for entry in read_catalogue(build)}
    codes, words = read_codes(build), read_words(build)
    stores = open_stores(settings, build, manifest)
    return Index(manifest, documents, stores.vectors, stores.lexical, codes, late=stores.late, words=words)


def open_stores(settings: Settings, build: Path, manifest: Manifest) -> Stores:
    """The stores of a build folder. Raises IndexUnavailable, StoreUnavailable."""
    if manifest.store == "qdrant":
        from service.adapters.qdrant_late import ServerLate
        from service.adapters.qdrant_server import ServerLexical, ServerStore, connect

        client, name = connect(settings), manifest.collection
        late = ServerLate(client, name, build / "late") if manifest.late_dimensions else None
        return Stores(ServerStore(client, name, owns_client=True), ServerLexical(client, name), late)
    from service.adapters.bm25 import Bm25Index
    from service.adapters.maxsim import MaxSimIndex
    from service.adapters.qdrant_edge import EdgeStore

    files = MaxSimIndex(build / "late") if manifest.late_dimensions else None
    return Stores(EdgeStore(build / "edge"), Bm25Index(build / "bm25"), files)


def new_vector_writer(settings: Settings, build: Path, build_id: str, dimensions: int, late_dimensions: int) -> VectorWriter:
    """A writer for a new build in this folder. On a server the collection is laid out for token vectors as well."""
    if settings.qdrant_url:
        from service.adapters.qdrant_server import ServerWriter, connect

        name = collection_name(settings, build_id)
        return ServerWriter(connect(settings), name, dimensions, late_dimensions=late_dimensions, owns_client=True)
    from service.adapters.qdrant_edge import EdgeWriter

    return EdgeWriter(build / "edge", dimensions)


def new_late_writer(settings: Settings, build: Path, build_id: str, dimensions: int) -> LateWriter | None:
    """A writer of token vectors for the same build, after `new_vector_writer`; None for an embedder that has none."""
    if not dimensions:
        return None
    if settings.qdrant_url:
        from service.adapters.qdrant_late import ServerLateWriter
        from service.adapters.qdrant_server import connect

        return ServerLateWriter(connect(settings), collection_name(settings, build_id), build / "late", owns_client=True)
    from service.adapters.maxsim import MaxSimWriter

    return MaxSimWriter(build / "late", dimensions)


def write_lexical(settings: Settings, build: Path, chunks: Sequence[Chunk], documents: Mapping[str, Document]) -> None:
    """The BM25 index of a build; on a server it is part of the collection already."""
    if not settings.qdrant_url:
        from service.adapters.bm25 import write_bm25

        write_bm25(build / "bm25", chunks, documents)


def collection_name(settings: Settings, build_id: str) -> str:
    """The server's collection of a build."""
    from service.adapters import qdrant_server

    return qdrant_server.collection_name(settings.qdrant_prefix, build_id)


def drop_old_collections(settings: Settings, keep_builds: set[str]) -> None:
    """Remove collections of builds that are not kept; nothing to do for the embedded store."""
    if settings.qdrant_url:
        from service.adapters.qdrant_server import connect, drop_collections

        with closing(connect(settings)) as client:
            drop_collections(client, settings.qdrant_prefix, {collection_name(settings, build_id) for build_id in keep_builds})
