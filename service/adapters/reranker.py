"""Question and passage read together by a sentence-transformers cross-encoder on the CPU; packaged: `service/models/reranker`.

In: a question and texts. Out: one score a text, in their order. It must not know hits or passages; the caller writes the texts
in the form the model was trained on (MODEL_CARD.md: "document name > section: passage") and sorts.

Scores are the model's logits, unbounded: the packaged model was trained so that their sigmoid is the probability that the text
answers the question, and logits keep apart what a sigmoid squeezes together near 0 and 1.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from service.adapters.weights import content_hash, find_model, printable
from service.core.errors import ModelUnavailable

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "reranker"
_PACKAGED_MAX_TOKENS = 256  # what it was trained with
_BATCH = 4  # sorted by length, small batches pad little (eval/LOG.md, entry one)


class CrossEncoderReranker:
    """One loaded model. Safe to use from several threads; they take turns, as one call already uses all its CPU threads."""

    def __init__(self, model: str, *, precision: str, threads: int, allow_hub: bool) -> None:
        """`model` is `packaged`, a folder, or a hub name if `allow_hub`; `precision` as in the settings. Raises ModelUnavailable."""
        folder = find_model(model, {"packaged": PACKAGED}, allow_hub=allow_hub)
        self._model = _load(folder, precision, threads, _PACKAGED_MAX_TOKENS if model == "packaged" else None)
        self._lock = threading.Lock()
        name = "evdocs-reranker" if model == "packaged" else Path(model).name
        self._fingerprint = f"{name}-{content_hash(folder)}"

    @property
    def fingerprint(self) -> str:
        """Model name and a hash of weights, tokenizer and configuration."""
        return self._fingerprint

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """One logit a text, in the order given, higher is better. What exceeds the window is cut from the longer of the two."""
        if not texts:
            return []
        from torch.nn import Identity

        pairs = [(printable(question), printable(text)) for text in texts]
        with self._lock:
            scores = self._model.predict(pairs, batch_size=_BATCH, activation_fn=Identity(), show_progress_bar=False, convert_to_numpy=True)
        return [float(score) for score in scores]


def _load(folder: Path, precision: str, threads: int, max_tokens: int | None) -> Any:
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging

    from service.adapters.precision import choose_dtype

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    dtype = choose_dtype(precision)
    try:
        model = CrossEncoder(
            str(folder),
            device="cpu",
            max_length=max_tokens,
            local_files_only=True,
            model_kwargs={"dtype": dtype, "use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(f"The reranker in {folder} cannot be loaded: {error}") from error
    if model.num_labels != 1:
        raise ModelUnavailable(f"The reranker in {folder} gives {model.num_labels} scores a pair instead of one.")
    if dtype is torch.bfloat16:
        # A bf16 logit has 8 significant bits, so every fifth pair of passages would tie: the last layer runs in float32.
        last = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)][-1]
        last.float().register_forward_pre_hook(_inputs_to_float32)
    return model.eval()


def _inputs_to_float32(module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.float() for value in inputs)
