"""What kind of quantity a question asks for, and whether a text states one: "how heavy" wants a mass, "58 kg" is one.

In: texts. Out: names of dimensions. A dimension is *asked for* only where it is what the question wants: "what voltage", "how many volts", "pack
voltage?"; not where it is spoken of ("before any high voltage is applied", "how do I calibrate the voltage reading"). Question words are
matched in English, German and Chinese; units as manuals print them, behind a number or in brackets as in the head of a column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.core.text import fold

COUNT = "count"
_NUMBER = r"(?:\d[\d.,]*\s?(?:[-–…~/x×]\s?[-+±]?\d[\d.,]*\s?)?)"


@dataclass(frozen=True, slots=True)
class Dimension:
    """`word` names it ("torque", "weight", "Nm"), `how` asks for it by itself ("how heavy"), `stated` is a value of it."""

    name: str
    word: re.Pattern[str]
    how: re.Pattern[str]
    wanted: re.Pattern[str]
    stated: re.Pattern[str]


_OTHER_NOUNS = r"(?:ids?|registers?|parameters?|bits?|pins?|messages?|codes?|faults?|errors?|commands?|connectors?|steps?|frames?|fields?|signals?|menus?|files?|tools?|setting|happens?|do|does|is set|sends?|shows?|reads?|means?|if|when|before|after|while|fahren|function|colour|color)"
_BETWEEN = rf"(?:\W+(?!{_OTHER_NOUNS}\b)[\w'°-]+){{0,5}}?\W+"


def _dimension(name: str, word: str, how: str, units: str, also: str = "") -> Dimension:
    stated = rf"(?:{_NUMBER}|[(\[]\s?)(?:{units})(?![^\W\d_])" + (f"|{also}" if also else "")
    wanted = rf"\b(?:what|which|what's|whats|welche\w*|was ist)\b{_BETWEEN}?(?:{word})|\b(?:how many|how much|wie viele?)\W+(?:\w+\W+){{0,2}}?(?:{word})"
    return Dimension(name, re.compile(word), re.compile(how), re.compile(wanted), re.compile(stated))


DIMENSIONS: tuple[Dimension, ...] = (
    _dimension("torque", r"\btorques?\b(?! (?:command|control|mode|request|value from|limit))|\bdrehmoment\w*|\banzugs\w*|扭矩|力矩|\bn·?m\b", r"\bhow tight\b|\btighten\w*\b.{0,20}\bto\?|\btorque\b.{0,60}\bto\?", r"n[·⋅∙*\-. ]?m|ft[·\-. ]?lbs?|lbf?[·\-. ]?(?:ft|in)|in[·\-. ]?lbs?|kgf\W?cm"),
    _dimension("temperature", r"\btemperatures?\b|\btemps?\b|\bdegrees?\b|\btemperatur\w*|温度", r"\bhow (?:hot|cold|warm)\b|多少度", r"°\s?[cf]?|º\s?[cf]?|℃|℉|deg(?:rees)?\.?(?: ?[cf])?|c|k/w"),
    _dimension("mass", r"\bweights?\b|\bmass\b|\b(?:kilo)?grams?\b|\bkg\b|\bgewicht\w*|重量", r"\bhow heavy\b|\bwhat does\b.{0,50}\bweigh\b|\bhow much does\b.{0,50}\bweigh\b|\bweigh\?|\bwie schwer\b|多重", r"kg|g|lbs?|t|tons?|tonnes?|oz"),
    _dimension("money", r"\bprices?\b|\bcosts?\b|\beuros?\b|\bdollars?\b|\bpreis\b|价格", r"\bhow expensive\b|\bhow much (?:does|is|do|are)\b.{0,60}\b(?:cost|subscription|fee|price)s?\b|\bwhat does\b.{0,50}\bcost\b|\bkostet\b|多少钱", r"eur|usd|euros?|dollars?|gbp|cny|rmb", r"[$€£¥]\s?\d"),
    _dimension("ingress", r"\bip[ -]?(?:rating|class|code|protection|degree)|\bingress\b|\bschutzart\b|防护等级", r"\bip (?:rating|class|protection)\b", r"(?!)", r"\bip\s?[0-9x]{2}\w?\b"),
    _dimension("volume", r"\blit(?:re|er)s?\b|\bvolume\b|\bgallons?\b|\bfill(?:ing)? quantity\b|升", r"\bhow much (?:\w+ )?(?:oil|coolant|water|fluid|refrigerant|electrolyte|gas)\b", r"l|ml|cc|lit(?:re|er)s?|gal(?:lons?)?|gpm|lpm|l/min|m³|m3|cm³"),
    _dimension("pressure", r"\bpressures?\b|\bpsi\b|\bdruck\b|压力", r"(?!)", r"m?bar|[kmh]?pa|psi|mmhg"),
    _dimension("resistance", r"\bresistances?\b|\bresistor values?\b|\bohms?\b|\bimpedance\b|\bwiderstand\w*|电阻", r"(?!)", r"[kmgµ]?ω|[kmg]?ohms?|ω/v"),
    _dimension("frequency", r"\bfrequenc(?:y|ies)\b|\bbandwidth\b|\bclock (?:speed|rate)\b|\bsampl(?:e|ing) rate\b|\bk?hz\b|\bfrequenz\w*|频率", r"(?!)", r"[kmg]?hz|[km]?sps|1/s"),
    _dimension("bitrate", r"\bbaud\w*\b|\bbit ?rates?\b|\bdata rates?\b|\b(?:can|bus|link|spi|serial) (?:bus )?speeds?\b|\b[km]?bps\b|波特率", r"(?!)", r"[km]?bps|[km]?baud|[km]?bits?(?:/s)?|[km]?bd|[km]?hz", r"\b(?:9600|19200|38400|57600|115200)\b"),
    _dimension("speed", r"\brpm\b|\b(?:motor|fan|pump|max\w*|vehicle|driving|top) speeds?\b|\bkm/?h\b|\bmph\b|\bdrehzahl\b|转速", r"\bhow fast\b.{0,30}\b(?:drive|turn|spin|go|move|tow)\w*\b", r"rpm|km/?h|mph|m/s|min-1|1/min|u/min"),
    _dimension("energy", r"\benerg(?:y|ies)\b|\bk?wh\b|\benergie\w*|能量", r"(?!)", r"[kmg]?wh|[kmg]?j|joules?|[km]?vah"),
    _dimension("capacity", r"\bcapacit(?:y|ies)\b|\bm?ah\b|\bkapazität\w*|容量", r"(?!)", r"m?ah|[kmg]?wh|[mµnp]?f|l|kg|%|[km]?bytes?"),
    _dimension("power", r"\bwatts?\b|\bkw\b|\b(?:rated|max\w*|peak|continuous|output|charging|nominal|input) power\b|\bpower (?:rating|consumption|dissipation|limit|output)\b|\bleistung\w*|功率", r"\bhow much power\b", r"[kmµ]?w|[km]?watts?|k?va|hp|ps"),
    _dimension("voltage", r"\bvoltages?\b|\bvolts?\b|\bspannung\w*|电压|\bmillivolts?\b", r"(?!)", r"[kmµ]?v(?:dc|ac|rms|pp|pk)?|[km]?volts?"),
    _dimension("current", r"\bamps?\b|\bamperes?\b|\bmilliamps?\b|\bcurrents?\b(?! sens)|\bfuse (?:rating|size)\b|\bstrom\w*|电流", r"\bhow much current\b", r"[kmµn]?a(?:mps?|mperes?|dc|ac|rms)?|c"),
    _dimension("duration", r"\binterval\b|\bduration\b|\btime-?outs?\b|\bdelays?\b|\blifetime\b|\bshelf life\b|\bwarranty\b|\b(?:wait(?:ing)?|response|rise|settling|conversion|discharge|charge|charging|labou?r|boot|wake-?up|trip|cure|build|measurement|sleep|reaction|hold|cycle) times?\b|\blabou?r hours?\b|\btime constant\b|\b(?:milli|micro)?(?:second|minute|hour|day|week|month|year)s\b|\bms\b|\bwartezeit\b|时间", r"\bhow long\b(?!.{0,25}\b(?:cable|wire|lead|bus|cord|screw|bolt|strip\w*|link)s?\b)|\bhow (?:often|quickly)\b|\bwie (?:lange|oft)\b|多久|多长时间", r"[mµun]?s|[mµun]?secs?|(?:milli|micro)?seconds?|min|mins|minutes?|h|hrs?|hours?|days?|d|weeks?|months?|yrs?|years?|sekunden?|minuten?|stunden?|tagen?|monaten?|jahren?|秒|分钟|小时|天|年", r"\b(?:every|each|one|two|three|five|ten|half|per) (?:second|minute|hour|day|week|month|year)s?\b|\b(?:daily|weekly|monthly|yearly|annually|immediately)\b"),
    _dimension("length", r"\blengths?\b|\bdistances?\b|\bdiameters?\b|\bdimensions?\b|\bthickness\b|\b(?:milli|centi)?met(?:re|er)s?\b|\bmm\b|\bgap\b|\bclearances?\b|\bbend(?:ing)? radius\b|\blänge\b|\babstand\b|长度|距离", r"\bhow (?:far|thick|wide|high|deep|tall)\b|\bhow long\b.{0,25}\b(?:cable|wire|lead|bus|cord|screw|bolt|strip\w*|link)s?\b", r"[mµck]?m|in|inch(?:es)?|ft|feet|mil|(?:milli|centi)?met(?:re|er)s?|km|yards?", r"\d\s?[\"″'′]|\d\s?[x×]\s?\d"),
    _dimension("section", r"\b(?:wire|cable|conductor) (?:size|gauge|cross[ -]section)s?\b|\bawg\b|\bcross[ -]sections?\b|\bquerschnitt\w*|截面", r"(?!)", r"mm2|mm²|awg|sq\.? ?mm|mcm|kcmil", r"\bawg\s?\d"),
    _dimension("share", r"\bpercent(?:age)?\b|\bhumidity\b|\befficien\w+\b|\btolerances?\b|\baccurac\w+\b|\bprozent\b|\bgenauigkeit\b|百分|精度", r"(?!)", r"%|percent|ppm|‰|lsb|[mµ]?v|°c|digits?|prozent"),
)  # fmt: skip
_BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}
_COUNTED = re.compile(r"\bhow many\b|\bwhat number of\b|\banzahl\b|\bwie viele\b|几个|多少个|多少[节串块]")
_NUMBER_WORD = re.compile(r"\d|\b(?:no|none|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|single|both|pair|zwei|drei|vier)\b|[一二三四五六七八九十]")
_FULL_QUESTION = re.compile(
    r"\b(?:what|which|whats|how|when|where|who|why|whose|welche\w*|wie|wo|wann|warum|was)\b|^\W*(?:is|are|can|could|do|does|did|may|must|should|will|would|has|have|kann|darf|muss|ist|sind)\b|\b(?:can|could|do|does|did|may|must|should) (?:i|we|you|it|one|the)\b|[：:]"
)  # fmt: skip
MAX_TERSE_WORDS = 14


def asked_for(question: str) -> tuple[str, ...]:
    """Dimensions the question asks for, `COUNT` for "how many" of anything else; empty where it asks for no quantity. Key words without a
    question word ("torque for the lid screws") ask for every dimension they name."""
    text = fold(question)
    terse = not _FULL_QUESTION.search(text) and len(text.split()) <= MAX_TERSE_WORDS
    found = tuple(
        dimension.name
        for dimension in DIMENSIONS
        if dimension.how.search(text) or dimension.wanted.search(text) or (terse and dimension.word.search(text))
    )
    return found or ((COUNT,) if _COUNTED.search(text) else ())


def named_by(term: str) -> str | None:
    """The dimension a single word stands for ("litre", "temps"), if any: such a word is met by a value of it."""
    for dimension in DIMENSIONS:
        if dimension.word.fullmatch(term) or dimension.word.fullmatch(term + "s"):
            return dimension.name
    return None


def states(text: str, dimension: str) -> bool:
    """Whether the text holds a quantity of this dimension, or its unit in brackets."""
    folded = fold(text)
    if dimension == COUNT:
        return bool(_NUMBER_WORD.search(folded))
    return bool(_BY_NAME[dimension].stated.search(folded))
