"""`make bench`: the stores, ingest, asking and the cross-encoder, each against an alternative or by stage, one after the other in one run.

The sample corpus is used, and beside it the development documents where their folder is there (a clone has none, and it says so).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console

from eval import bench_ask, bench_index, bench_ingest, bench_rerank
from eval.serving import serving
from ingest.progress import Progress
from ingest.run import ingest
from service.core.settings import load

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "corpora" / "sample"
DEV = ROOT.parent / "shared" / "dev" / "pdf"


def main() -> int:
    """Run all of it; 1 where a part fails or results that must be equal are not."""
    console = Console()
    console.rule("stores")
    failed = bench_index.main([])
    console.rule("ingest, sample corpus")
    failed |= bench_ingest.main([str(SAMPLE)])
    console.rule("ingest, development documents")
    if DEV.is_dir():
        failed |= bench_ingest.main([str(DEV)])
    else:
        console.print("skipped: the folder of development documents is not here")
    console.rule("asking, sample corpus")
    with tempfile.TemporaryDirectory(prefix="evdocs-bench-") as home:
        ingest([SAMPLE], load({}, home=Path(home)), Progress(console))
        gold = str(ROOT / "eval" / "gold" / "sample.jsonl")
        with serving(Path(home)) as url:
            failed |= bench_ask.main(["--url", url, "--gold", gold, "--n", "60", "--clients", "1", "50"])
        console.rule("reading with the cross-encoder, sample corpus")
        failed |= bench_rerank.main(["--home", home, "--gold", gold])
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
