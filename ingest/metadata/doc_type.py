"""What kind of document it is, from the words of its title.

In: evidence. Out: clues. TYPES is the vocabulary, most specific first: "installation manual" before "manual". Words count in the title,
the running heads and the file name, not in the running text, where other documents are named.
"""

from __future__ import annotations

import re

from ingest.metadata.evidence import FILE_NAME, PDF_METADATA, RUNNING, TEXT, TITLE_PAGE, Clue, Evidence, squeeze
from service.core.text import fold

_BOOK = "(?:manual|guide|handbook|instructions?)"
_BUCH = "(?:handbuch|anleitung)"
_BOOK_ZH = "(?:手册|说明书?|指南)"
TYPES: dict[str, tuple[str, ...]] = {
    "recall_report": ("(?:safety )?recall (?:report|notice|information)", "rückruf", "召回"),
    "emergency_guide": (
        "emergency (?:response|rescue)|first responders?|rescue (?:sheet|card)",
        "rettungs(?:leitfaden|karte|datenblatt|blatt)",
        "应急|救援",
    ),
    "fault_codes": (
        "(?:fault|error|trouble|diagnostic(?: trouble)?) codes?(?: (?:reference|list|table|manual))?$",
        "fehlercode(?:liste|verzeichnis)",
        "故障(?:代码|码)(?:表|手册)",
    ),
    "installation_manual": (
        f"(?:installation|mounting|assembly) (?:and \\w+ )?{_BOOK}",
        f"(?:montage|installations|einbau){_BUCH}",
        f"安装{_BOOK_ZH}",
    ),
    "service_manual": (
        f"(?:service|workshop|repair|maintenance) (?:and \\w+ )?{_BOOK}",
        f"(?:wartungs|werkstatt|service|reparatur){_BUCH}",
        "(?:维修|检修)手册",
    ),
    "quick_start_guide": (
        "quick[- ]?(?:start|reference)?[- ]?(?:guide|manual)|getting started(?: guide| manual)?",
        "(?:kurz|schnellstart)anleitung",
        "快速(?:入门|指南|使用)",
    ),
    "reference_manual": ("(?:technical )?reference (?:manual|guide)|programming (?:manual|guide)", "referenzhandbuch", "参考手册"),
    "software_manual": ("software (?:user(?:'?s)? )?(?:manual|guide)", "softwarehandbuch", "软件(?:使用)?(?:手册|说明书)"),
    "user_manual": (
        f"(?:user|owner|operat(?:or|ion|ing))(?:[’'‟`]?s)? (?:and \\w+ )?{_BOOK}|instruction manual|demo(?:nstration)? manual",
        "(?:betriebs|bedienungs|gebrauchs)anleitung|(?:benutzer|bediener)handbuch",
        f"(?:使用|用户|操作)(?:维护)?{_BOOK_ZH}",
    ),
    "bulletin": (
        "(?:service|technical|product|safety) bulletin|erratum|errata",
        "service ?mitteilung|technische mitteilung",
        "(?:技术|服务)(?:通告|公告)",
    ),
    "release_notes": ("release notes?|change ?log", "versionshinweise", "(?:发布|更新)说明"),
    "application_note": (
        "application (?:note|report|brief)",
        "applikations(?:hinweis|schrift|bericht)|anwendungs(?:hinweis|bericht)",
        "应用(?:笔记|指南)",
    ),
    "white_paper": ("white ?paper", "白皮书"),
    "test_report": ("test (?:report|results?)", "(?:prüf|test)bericht", "(?:测试|检测|试验)报告"),
    "certificate": ("certificate|declaration of conformity", "zertifikat|bescheinigung|konformitätserklärung", "证书|合格证"),
    "protocol": (
        "(?:communications?|can(?:[ -]?bus)?|modbus|rs-?\\d{3}|serial|monitoring|\\w+) protocol",
        "(?:protocol|interface) (?:specification|description)",
        "(?:schnittstellen|protokoll)beschreibung",
        "通[信讯]协议",
    ),
    "safety_data_sheet": ("(?:material )?safety data ?sheet", "sicherheitsdatenblatt", "安全(?:数据|技术)(?:表|说明书)"),
    "datasheet": ("data ?sheet", "datenblatt", "数据(?:手册|表)|规格书"),
    "specification": ("(?:product |technical |system )?specifications?", "spezifikation|(?:lasten|pflichten)heft", "技术规范"),
    "technical_information": ("technical information", "technische informationen?", "技术(?:资料|信息)"),
    "letter": ("(?:cover |customer )letter", "kundenanschreiben"),
    "manual": ("manual|handbook|guide", "handbuch|anleitung|leitfaden", "手册|说明书"),
}
"""Type -> what names it, as regular expressions over folded text."""

_COMPILED = {name: re.compile(rf"(?<![^\W_])(?:{'|'.join(forms)})(?![a-zäöüß])") for name, forms in TYPES.items()}
_LENT = re.compile(r"\b(?:see|refer|siehe|in the|to the|of the|im|zum|for more)\b|参见|请参阅")
_LEADERS = re.compile(r"\.{4}|(?:\. ){3}")
_CHIP_HEADINGS = (
    "features", "description", "applications", "absolutemaximumratings", "pinconfiguration", "electricalcharacteristics",
    "orderinginformation",
)  # fmt: skip
_MAX_CHARS = 110


def doc_type_clues(evidence: Evidence) -> list[Clue]:
    """Clues for the kind of document, in the order of the places."""
    clues = []
    for source, confidence, lines in (
        (TITLE_PAGE, 0.9, evidence.top),
        (RUNNING, 0.85, evidence.running),
        (PDF_METADATA, 0.7, tuple(evidence.metadata.get(name, "") for name in ("subject", "keywords"))),
        (FILE_NAME, 0.6, (re.sub(r"[\s_\-.]+", " ", evidence.stem),)),
    ):
        found = most_specific(lines)
        if found:
            clues.append(Clue(found, source, confidence))
    headings = {re.sub(r"^\d+", "", squeeze(line)) for page in evidence.pages[:3] for line in page}
    if sum(any(line.startswith(heading) for line in headings) for heading in _CHIP_HEADINGS) >= 4:
        clues.append(Clue("datasheet", TEXT, 0.55))
    return clues


def most_specific(lines: tuple[str, ...]) -> str:
    """The most specific type any of these short lines names; "" where none does."""
    texts = [fold(line) for line in lines if len(line) <= _MAX_CHARS and not _LEADERS.search(line)]
    texts = [text for text in texts if not _LENT.search(text)]
    return next((name for name, form in _COMPILED.items() if any(form.search(text) for text in texts)), "")
