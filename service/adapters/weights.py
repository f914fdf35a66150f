"""Where a model's files are, and what they are: name -> folder -> fingerprint.

In: a model's name from the settings. Out: a local folder with safetensors weights, and a hash of its content. It must not know
what the model is for. Nothing is fetched unless the settings allow it; pickled weights are never read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from service.core.errors import ModelUnavailable
from service.core.ids import sha256_file

_KEPT = (".safetensors", ".json", ".txt", ".model")


def find_model(model: str, packaged: Mapping[str, Path], *, allow_hub: bool) -> Path:
    """The folder of a packaged model, of a folder path, or (only if allowed) of a hub name, fetched. Raises ModelUnavailable."""
    if not allow_hub:
        # Read when the hub's library is first imported: even a wrong argument further down then stays offline.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    folder = packaged.get(model) or Path(model)
    if not folder.is_dir():
        if not allow_hub:
            names = " or ".join(f"`{name}`" for name in packaged)
            raise ModelUnavailable(
                f"Model {model!r} is neither {names} nor a folder. EVDOCS_ALLOW_HUB=true lets it be fetched from the hub."
            )
        folder = _fetch(model)
    if not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(f"{folder} holds no safetensors weights; pickled weights are not loaded.")
    return folder


def _fetch(model: str) -> Path:
    import httpx
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=[f"*{suffix}" for suffix in _KEPT]))
    except (OSError, ValueError, httpx.HTTPError) as error:
        raise ModelUnavailable(f"Model {model!r} cannot be fetched from the hub: {error}") from error


def content_hash(folder: Path, *more: str) -> str:
    """12 hex digits over weights, tokenizer and configuration of a model folder, and `more`: the same on every machine."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _KEPT and path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\n{file_hash(path)}\n".encode())
    for text in more:
        digest.update(f"{text}\n".encode())
    return digest.hexdigest()[:12]


def file_hash(path: Path) -> str:
    """SHA-256 of a file, computed once as long as the file stays what it is: several things are told by the hash of the weights."""
    status = path.stat()
    return _hashed(path, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _hashed(path: Path, inode: int, size: int, changed_ns: int) -> str:
    return sha256_file(path)


def check_weights(folder: Path, sha256: str) -> None:
    """Raises ModelUnavailable where the weights of `folder` are not the ones this project was built with."""
    found = file_hash(folder / "model.safetensors")
    if found != sha256:
        raise ModelUnavailable(f"{folder / 'model.safetensors'} is not the expected file: sha256 {found}, expected {sha256}.")


def printable(text: str) -> str:
    """The text without lone surrogates, which tokenizers reject."""
    return text.encode("utf-8", "replace").decode("utf-8")
