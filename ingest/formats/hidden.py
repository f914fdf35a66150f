"""What of an HTML page a reader does not see, or sees around every page alike: hidden elements and furniture.

In: a tag. Out: "hidden", "furniture" or "". Hidden text is a way to smuggle instructions into an index; navigation, scripts and
forms are no part of a document. Styles are read as far as a tag's own `style` and the plain rules of `<style>` (one class or id)
say so; must not need a browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, Tag

_DROPPED_TAGS = """script style nav footer template noscript svg canvas iframe object embed audio video button select textarea option
datalist map search head annotation annotation-xml"""
_FURNITURE_CLASSES = """headerlink anchor-link heading-anchor toc table-of-contents toctree-wrapper contents breadcrumb breadcrumbs
navbar sidebar skip-link edit-link pagination cookie-banner linenos lineno"""
DROPPED = frozenset(_DROPPED_TAGS.split())
_ROLES = frozenset(("navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "toolbar", "dialog"))
_CLASSES = frozenset(_FURNITURE_CLASSES.split())
_HIDDEN_CLASSES = frozenset(("hidden", "d-none", "is-hidden", "invisible", "visually-hidden", "sr-only"))
_NUMBER = r"\s*([-+]?\d*\.?\d+)\s*(px|pt|r?em|%|vw|vh|cm|mm|in)?"
_SIZE = re.compile(r"font-size\s*:" + _NUMBER, re.I)
_OPACITY = re.compile(r"(?<![-\w])opacity\s*:\s*([\d.]+)(%?)", re.I)
_OFF = re.compile(r"(?:^|[;\s])(?:left|top|right|text-indent|margin-left|margin-top)\s*:\s*-\s*(\d+)", re.I)
_NONE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden|clip\s*:\s*rect\(\s*0", re.I)
_FLAT = re.compile(r"(?<![-\w])(?:max-)?(?:height|width)\s*:\s*[01](?:px)?\s*(?:;|$|!)", re.I)
_COLOR = re.compile(r"(?:^|[;\s])color\s*:\s*([^;]+)", re.I)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;]+)", re.I)
_RULE = re.compile(r"(@[^{}]{0,300}\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})|([^{}@]{1,500})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"([.#])([\w-]{1,80})")
_WHITE = re.compile(
    r"\s*(?:white|transparent|#fff(?:f|fff|ffff)?|#f[ef]f[ef]f[ef]|rgba?\(\s*25[45]\s*,\s*25[45]\s*,\s*25[45]|rgba\([^)]*,\s*0\s*\))", re.I
)
_MIN_PX = 2.5
_MAX_SHEET = 60_000


@dataclass
class Styles:
    """The classes and ids that a page's own `<style>` hides."""

    classes: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)

    def verdict(self, tag: Tag) -> str:
        """Why this element is left out: "hidden", "furniture", or "" where it is not."""
        classes = {str(name).lower() for name in tag.get_attribute_list("class") if name}
        if self._is_hidden(tag, classes):
            return "hidden"
        role = str(tag.get("role") or "").lower()
        if tag.name in DROPPED or role in _ROLES or classes & _CLASSES:
            return "furniture"
        return ""

    def _is_hidden(self, tag: Tag, classes: set[str]) -> bool:
        if tag.has_attr("hidden") or str(tag.get("aria-hidden") or "").lower() == "true" or classes & (_HIDDEN_CLASSES | self.classes):
            return True
        if self.ids and str(tag.get("id") or "").lower() in self.ids:
            return True
        if tag.name == "dialog" and not tag.has_attr("open"):
            return True
        color = str(tag.get("color") or "") if tag.name == "font" else ""
        style = str(tag.get("style") or "")[:2000]
        if not style and not color:
            return False
        return hides(style) or (_white_on_white(tag, color or _found(_COLOR, style)))


def hides(style: str) -> bool:
    """Whether these declarations hide what they are set on."""
    if _NONE.search(style):
        return True
    size = _SIZE.search(style)
    if size and _pixels(float(size.group(1)), (size.group(2) or "px").lower()) < _MIN_PX:
        return True
    opacity = _OPACITY.search(style)
    if opacity and float(opacity.group(1).strip(".") or 0) < (10 if opacity.group(2) else 0.1):
        return True
    if any(int(found[:9]) >= 900 for found in _OFF.findall(style)):
        return True
    return bool(_FLAT.search(style) and re.search(r"overflow\s*:\s*(?:hidden|clip)", style, re.I))


def _pixels(size: float, unit: str) -> float:
    return size * {"em": 16, "rem": 16, "%": 0.16, "vw": 10, "vh": 10, "cm": 38, "mm": 3.8, "in": 96, "pt": 1.33}.get(unit, 1)


def _found(pattern: re.Pattern[str], style: str) -> str:
    match = pattern.search(style)
    return match.group(1) if match else ""


def _white_on_white(tag: Tag, color: str) -> bool:
    """White letters, and no element around them that sets another background."""
    if not _WHITE.match(color):
        return False
    for around in [tag, *tag.parents]:
        background = _found(_BACKGROUND, str(around.get("style") or "")[:2000]) or str(around.get("bgcolor") or "")
        if background:
            return bool(_WHITE.match(background))
        if around.name in ("button", "a") or around.get("class"):
            return False  # its background may come from a style sheet that is not here
    return True


def read_styles(soup: BeautifulSoup) -> Styles:
    """What the `<style>` elements of a page hide, by plain class or id; rules inside `@media` and the like do not count."""
    styles = Styles()
    sheets = " ".join(sheet.get_text()[:_MAX_SHEET] for sheet in soup.find_all("style", limit=20))
    for text in (re.sub(r"/\*.*?\*/", "", sheets[:_MAX_SHEET], flags=re.S),):
        for at_rule, selectors, declarations in _RULE.findall(text):
            if at_rule or not hides(declarations):
                continue
            for selector in selectors.split(","):
                simple = _SIMPLE.fullmatch(selector.strip())
                if simple:
                    (styles.classes if simple.group(1) == "." else styles.ids).add(simple.group(2).lower())
    return styles
