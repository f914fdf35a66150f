"""The report: one file, nothing from outside, nothing of what was answered becomes markup, pages with their evidence marked."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from eval_cli import command
from eval_twins import PAGES, Double, Json, build_pdf, cite, gold, refusal, reply
from PIL import Image

from eval.baseline import accept, load_baseline
from eval.gate import Rules, judge
from eval.items import GoldItem
from eval.nightly.history import record, trend
from eval.report_html import evidence, marked_page
from eval.report_html.changes import changes_since
from eval.report_html.charts import reliability_plot, trend_plot
from eval.report_html.curves import reliability, risk_coverage
from eval.report_html.evidence import Evidence
from eval.report_html.markdown import markdown, plain
from eval.report_html.material import Material
from eval.report_html.page import html
from eval.rows import Run
from eval.run_command import configuration, perform
from eval.stats import Figure
from service.core.types import Document

EVIL = '<script>alert(1)</script><img src="http://evil.example/x.png"> "q" & [link](http://evil.example) @team'
RULES = Rules(0.5, 1000.0, {"errors": 0.0}, {"joint": 0.9})
VOID = {"meta", "img", "br"}


class Checked(HTMLParser):
    """Collects tags, and fails on one that is closed where another is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        self.text.append(text)


def _parsed(text: str) -> Checked:
    parser = Checked()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def _answers(question: str) -> Json:
    if "evil" in question:
        return reply(EVIL, [cite(quote=EVIL)], confidence=0.6)
    return refusal() if "refused" in question else reply()


ITEMS = [
    gold(id="good", question="a good one?"),
    gold(id="lost", question="a refused one?"),
    gold(
        id="evil", question=f"evil {EVIL}", notices=["Isolate <b>first</b>."], answer=EVIL, quotes=["Tighten the terminal screws to 7 Nm."]
    ),
]


def _run(pdf: Path, out: Path, items: list[GoldItem] = ITEMS) -> Run:
    system = Double(pdf, _answers)
    return perform(system, items, configuration(system, items, ["g.jsonl"], "extractive"), out, quiet=True)


def _home(root: Path, pdf: bytes, suffix: str = "pdf") -> Evidence:
    """A home folder in which these bytes are kept as pack.pdf."""
    document = Document(document_id="d1", file="pack.pdf", title="Pack", sha256="ab" * 32, n_pages=2, n_chunks=1, suffix=suffix)
    (root / "files").mkdir(parents=True)
    (root / "files" / f"{document.sha256}.{suffix}").write_bytes(pdf)
    return Evidence(root, [document])


@pytest.fixture
def material(pack_pdf: Path, tmp_path: Path) -> Material:
    """A run with a right, a lost and a hostile item, its gate, a baseline in which all were right, and two nights."""
    run = _run(pack_pdf, tmp_path / "run")
    right = [replace(item, question="a good one?") for item in ITEMS]
    before = _run(pack_pdf, tmp_path / "before", right)
    for row, own in zip(before.rows, run.rows, strict=True):
        row["item_sha"], row["metrics"]["as_expected"] = own["item_sha"], True
    accept(before, tmp_path / "baseline.json", "2026-01-01")
    baseline = load_baseline(tmp_path / "baseline.json")
    verdict = judge(run, baseline, RULES)
    for day in ("2026-01-01", "2026-01-02"):
        record(tmp_path / "history.sqlite", f"{day}-x", f"{day}T02:00:00Z", run, verdict)
    shown = _home(tmp_path / "home", build_pdf(PAGES))
    return Material("run", run, shown, verdict, changes_since(baseline, run), trend(tmp_path / "history.sqlite"), before)


def test_the_file_is_whole_and_asks_nothing_of_the_outside(material: Material) -> None:
    text = html(material)
    parsed = _parsed(text)
    assert {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in parsed.tags} == set()
    addresses = [str(value) for _, own in parsed.tags for name, value in own.items() if name in ("src", "href", "srcset", "action")]
    assert addresses
    assert all(address.startswith(("#", "data:image/jpeg;base64,")) for address in addresses)
    assert not re.search(r"url\(|@import", text)
    assert "default-src 'none'" in text
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {own["href"] for tag, own in parsed.tags if tag == "a"} <= {f"#{name}" for name in parsed.ids}


def test_what_was_asked_and_answered_is_text_and_never_markup(material: Material) -> None:
    parsed = _parsed(html(material))
    assert EVIL in "".join(parsed.text)
    assert all("onerror" not in own and own.get("src", "data:").startswith("data:") for _, own in parsed.tags if "src" in own)
    assert "Isolate <b>first</b>." in "".join(parsed.text)


def test_tables_have_captions_and_heads_and_pictures_say_what_they_show(material: Material) -> None:
    parsed = _parsed(html(material))
    names = [tag for tag, _ in parsed.tags]
    assert names.count("table") == names.count("caption") >= 6
    assert all(own.get("scope") in ("row", "col") for tag, own in parsed.tags if tag == "th")
    assert all(own["alt"] for tag, own in parsed.tags if tag == "img")
    assert names.count("svg") == names.count("title") - 1
    assert ("html", {"lang": "en"}) in parsed.tags
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_failed_items_show_question_answer_expectation_what_was_answered_before_and_the_marked_page(material: Material) -> None:
    text = html(material)
    failed = text.split('id="failed"')[1]
    assert failed.count("<article") == 2
    assert "newly wrong" in failed
    for words in ("a refused one?", "refused (not_in_documents)", "7 Nm", "pack.pdf p.1", "1 of 1 quotes marked", "<dt>Before</dt>"):
        assert words in failed
    assert "gate failed: joint" in text
    assert "2 nights" in text


def test_markdown_for_a_pull_request_is_short_and_holds_no_markup_of_an_answer(material: Material) -> None:
    text = markdown(material)
    assert text.startswith("# evdocs eval: run\n\n**Gate failed: joint, ")
    assert "## Flipped since the baseline: 2 worse, 0 better" in text
    assert "## Failed items: 2 of 3" in text
    assert not re.search(r"<[a-z]|(?<!\\)\]\(|://|@team", text)
    assert len(text) < 10_000


def test_plain_leaves_nothing_that_markdown_reads() -> None:
    assert plain("a|b *c* `d` <e> [f](https://g) @h\n# i") == "a\\|b \\*c\\* \\`d\\` &lt;e&gt; \\[f\\](https:\u200b//g) @\u200bh \\# i"


def test_a_quote_is_marked_where_it_stands_and_across_line_ends(tmp_path: Path, pack_pdf: Path) -> None:
    shown = marked_page.marked_page(pack_pdf, 1, ["Tighten the terminal screws to 7 Nm.", "Do not overtighten them.", "not on this page"])
    assert shown.n_marked == 2
    image = Image.open(io.BytesIO(shown.jpeg)).convert("RGB")
    assert image.size == (shown.width, shown.height)
    pixels = np.asarray(image)
    rows = {int(row) for row in np.nonzero((pixels[:, :, 0] > 200) & (pixels[:, :, 2] < 150))[0]}
    line = [round((842 - 780 + 20 * number) * marked_page.SCALE) for number in (1, 2, 3)]  # base lines of the three lines marked
    assert all(any(abs(row - (base - 4)) < 6 for row in rows) for base in line)
    assert not any(row > line[2] + 10 or row < line[0] - 20 for row in rows)


@pytest.mark.parametrize(("content", "page", "why"), [(b"no pdf", 1, "no PDF that can be drawn"), (build_pdf(PAGES), 7, "no page 7")])
def test_a_page_that_cannot_be_drawn_says_why(tmp_path: Path, content: bytes, page: int, why: str) -> None:
    (tmp_path / "x.pdf").write_bytes(content)
    with pytest.raises(marked_page.NotDrawn, match=why):
        marked_page.marked_page(tmp_path / "x.pdf", page, ["x"])


def test_pictures_end_at_their_limit_and_what_is_left_out_is_counted_and_said(material: Material, tmp_path: Path) -> None:
    few = _home(tmp_path / "other", build_pdf(PAGES))
    few.most = 1
    text = html(replace(material, evidence=few))
    assert text.count("data:image/jpeg") == 1
    assert "1 page pictures were left out" in text
    assert "limit of pictures is reached" in text


def test_bytes_of_pictures_are_limited_too(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_BYTES", 1)
    assert html(replace(material, evidence=_home(tmp_path / "other", build_pdf(PAGES)))).count("data:image/jpeg") == 1


def test_without_the_documents_the_report_is_whole_and_says_so(material: Material) -> None:
    text = html(replace(material, evidence=Evidence(None, [])))
    assert "data:image/jpeg" not in text
    assert "no picture (the document is not in the index at hand)" in text


def test_risk_falls_in_with_coverage_by_hand() -> None:
    def row(confidence: float, right: bool) -> Json:
        return {"expect": "answer", "status": "answered", "confidence": confidence, "metrics": {"as_expected": right}}

    rows = [row(0.9, True), row(0.5, False), row(0.5, True), row(0.1, False)]
    assert risk_coverage(rows) == [(0.25, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
    bins = reliability([*rows, row(1.0, True)])
    assert [(one.n, one.right) for one in bins] == [(1, 0.0), (2, 0.5), (2, 1.0)]
    assert bins[2].confidence == pytest.approx(0.95)
    assert "0.95: 1.00 of 2" in reliability_plot(bins)


def test_a_night_whose_gate_failed_is_a_cross_and_plots_of_nothing_are_none() -> None:
    night = Figure(0.5, 0.4, 0.6, 10, 10)
    drawn = trend_plot("x", [("d1", night, True), ("d2", None, True), ("d3", night, False)])
    assert drawn.count('class="cross"') == 1
    assert drawn.count("<circle") == 1
    assert "0.500 on d1, 0.500 on d3" in drawn
    assert trend_plot("x", [("d1", None, True)]) == ""
    assert 'class="whisker"' in trend_plot("x", [("d1", night, True)])
    many = trend_plot("x", [("d", night, place != 7) for place in range(400)])
    assert many.count("<circle") == 0
    assert many.count('class="cross"') == 1


def test_the_command_writes_both_and_refuses_a_run_that_is_not_complete(
    material: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", str(tmp_path / "run"), "--home", str(tmp_path / "none"), "--history", str(tmp_path / "history.sqlite")]
    out = tmp_path / "out.html"
    assert command(*words, "--baseline", str(tmp_path / "baseline.json"), "--out", str(out), "--markdown", str(tmp_path / "out.md")) == 0
    assert "2 nights" in out.read_text("utf-8")
    assert "Flipped since the baseline" in (tmp_path / "out.md").read_text("utf-8")
    assert command(*words[:-1], str(tmp_path / "no.sqlite")) == 2
    (tmp_path / "run" / "results.jsonl").write_text("", "utf-8")
    assert command(*words) == 2
    assert "there is no history" in (told := capsys.readouterr().err)
    assert "only 0 of 3 items are asked" in told
