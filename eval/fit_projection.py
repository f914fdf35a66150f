"""Fit the projection that makes an embedder's token vectors small: uncentred singular value decomposition over the token vectors of
indexed corpora, special tokens, punctuation and stop words left out, as they are in use; and a part of the way to whitening, because the
few directions all tokens share tell no two of them apart. Figures in eval/LOG.md.

    python -m eval.fit_projection --home HOME [--home HOME ...] [--embedder FOLDER] [--dimensions N] [--out FILE]

Each home is an indexed home folder. For `minilm` the file goes to service/models/late, for a folder of one's own beside its weights: from
then on that model offers late interaction. Then `evdocs ingest` again: the embedder's fingerprint has changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from safetensors.numpy import save_file

from service import wire
from service.adapters.embedder import embedder_folder, prefixes_of
from service.adapters.encoders import load_encoder
from service.adapters.token_vectors import BESIDE, PACKAGED, word_classes
from service.core.ids import sha256_file
from service.core.manifest import builds_dir, current_build_id, read_manifest
from service.core.settings import Settings, load

BATCH = 256
WHITENING = 0.25
"""A direction of eigenvalue w is divided by w to this power: 0.5 would be whitening in full (Huang et al., WhiteningBERT, 2021)."""


def indexed_texts(settings: Settings) -> list[str]:
    """The text of every chunk of the published build, as it is embedded. Raises IndexUnavailable."""
    build = builds_dir(settings.home) / str(current_build_id(settings.home))
    stores = wire.open_stores(settings, build, read_manifest(build))
    try:
        return [chunk.indexed_text for chunk in stores.vectors.fetch(stores.vectors.chunk_ids())]
    finally:
        stores.close()


def directions(products: NDArray[np.float64], dimensions: int, whitening: float = WHITENING) -> tuple[NDArray[np.float32], float]:
    """(hidden, dimensions) right singular vectors of the tokens whose mean outer product is given, largest first, each divided by its
    eigenvalue to the power `whitening`, and the share of the tokens' squared length that lies in their span. Signs are fixed, so that
    every machine gives the same matrix."""
    values, vectors = np.linalg.eigh(products)
    values, kept = values[::-1], vectors[:, ::-1][:, :dimensions]
    kept = kept * np.sign(kept[np.abs(kept).argmax(0), np.arange(dimensions)])
    scaled = kept / (values[:dimensions] / values[0]).clip(min=1e-6) ** whitening
    return scaled.astype(np.float32), float(values[:dimensions].sum() / values.sum())


def main(arguments: list[str]) -> int:
    """Read, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_projection")
    parser.add_argument("--home", action="append", required=True, type=Path)
    parser.add_argument("--embedder", default="minilm")
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    settings = load(embedder=args.embedder)
    folder = embedder_folder(args.embedder, allow_hub=settings.allow_hub)
    encoder = load_encoder(folder, settings.precision, settings.n_threads)
    _, silent = word_classes(encoder.tokenizer)
    passage_prefix = prefixes_of(args.embedder, folder)[1]
    texts = [text for home in args.home for text in indexed_texts(load(home=home))]
    products, n_tokens = np.zeros((0, 0)), 0
    for at in track(range(0, len(texts), BATCH), "reading", console=console):
        for text in encoder.hidden(texts[at : at + BATCH], passage_prefix)[1]:
            vectors = text.vectors[~silent[text.ids]].astype(np.float64)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-9)
            products = (products if products.size else 0) + vectors.T @ vectors
            n_tokens += len(vectors)
    projection, share = directions(products / n_tokens, args.dimensions)
    out = args.out or (PACKAGED if args.embedder == "minilm" else folder / BESIDE)
    out.parent.mkdir(parents=True, exist_ok=True)
    notes = {"weights_sha256": sha256_file(folder / "model.safetensors"), "chunks": str(len(texts)), "tokens": str(n_tokens)}
    save_file({"projection": np.ascontiguousarray(projection.astype(np.float16))}, str(out), metadata=notes)
    out.chmod(0o644)
    console.print_json(json.dumps(notes | {"dimensions": args.dimensions, "share_kept": round(share, 4), "bytes": out.stat().st_size}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
