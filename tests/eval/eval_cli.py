"""`evdocs eval ...` without a process of its own."""

from __future__ import annotations

import argparse

from eval.cli import register


def command(*words: str) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["eval", *words])
    return int(args.run(args))
