"""A folder in, which version of the code it holds out: the commit of its repository, and a hash that tells of what is not committed."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("service", "ingest", "eval")


def code_sha256(root: Path = ROOT) -> str:
    """16 hex digits over every Python file and packaged JSON or TOML file of the three packages, gold files and the log left out."""
    found = sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in (".py", ".json", ".toml") and path.name != "baseline.json":
                found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def git_commit(start: Path) -> str | None:
    """The commit checked out in the repository around `start`, read from its files; None where there is none."""
    for folder in (start, *start.parents):
        git = folder / ".git"
        try:
            if git.is_file():
                git = folder / git.read_text("utf-8").partition("gitdir:")[2].strip()
            head = (git / "HEAD").read_text("utf-8").strip()
        except OSError:
            continue
        return _resolve(git, head)
    return None


def _resolve(git: Path, head: str) -> str | None:
    if not head.startswith("ref:"):
        return head
    name = head.partition(":")[2].strip()
    common = git
    if (git / "commondir").is_file():
        common = git / (git / "commondir").read_text("utf-8").strip()
    if (common / name).is_file():
        return (common / name).read_text("utf-8").strip()
    packed = common / "packed-refs"
    for line in packed.read_text("utf-8").splitlines() if packed.is_file() else ():
        if line.endswith(f" {name}"):
            return line.split()[0]
    return None
