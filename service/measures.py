"""Numbers with their units in a text, each in one spelling: "7 N·m", "7Nm" and "7 N m" are one; "0.7 kN" and "7 N" are two.

Values are compared as written, never converted: an answer copies its numbers. Must not know sentences or documents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = {
    "V": "volt volts vdc vac vrms",
    "mV": "millivolt millivolts",
    "kV": "kilovolt kilovolts",
    "A": "amp amps ampere amperes adc aac arms",
    "mA": "milliamp milliamps",
    "Ω": "ohm ohms",
    "mΩ": "milliohm milliohms mohm mohms",
    "kΩ": "kohm kohms",
    "MΩ": "megohm megohms",
    "W": "watt watts",
    "kW": "kilowatt kilowatts",
    "Hz": "hertz",
    "µs": "microsecond microseconds us",
    "ms": "millisecond milliseconds",
    "s": "sec secs second seconds sekunde sekunden",
    "min": "min mins minute minutes minuten",
    "h": "h hr hrs hour hours stunde stunden",
    "day": "day days tag tage tagen",
    "week": "week weeks woche wochen",
    "month": "month months monat monate monaten",
    "year": "year years yr yrs jahr jahre jahren",
    "m": "meter meters metre metres",
    "mm": "millimeter millimeters millimetre millimetres",
    "mm²": "mm2 mm²",
    "in": "in inch inches",
    "ft": "ft feet foot",
    "g": "gram grams gramm",
    "kg": "kilogram kilograms kilo kilos",
    "lb": "lb lbs pound pounds",
    "l": "l litre litres liter liters",
    "lb-ft": "ft-lb ft-lbs ft·lb ftlb lb-ft lbf-ft lbf·ft lb·ft",
    "lb-in": "in-lb in-lbs in·lb lb-in lbf-in lbf·in lb·in",
    "bar": "bar",
    "mbar": "mbar",
    "psi": "psi",
    "°": "° deg degree degrees",
    "°C": "°C °c degC degc",
    "°F": "°F °f",
    "%": "% percent prozent",
    "‰": "‰ promille permille",
    "ppm": "ppm",
    "rpm": "rpm",
    "km/h": "km/h kmh kph",
    "cycle": "cycle cycles",
    "bit": "bit bits",
    "byte": "byte bytes",
    "bit/s": "bps baud bd",
    "kbit/s": "kbps kbaud kbd",
    "Mbit/s": "mbps",
}
_SYMBOLS = ("V", "A", "Ω", "W", "N", "Nm", "Hz", "Pa", "Ah", "Wh", "J", "s", "m", "g", "F", "VA", "bit/s", "B", "bit", "K", "C")
_PREFIXES = ("", "k", "m", "µ", "n", "p", "M", "G", "c")
_LOWER = {
    **{"v": "V", "kv": "kV", "mv": "mV", "w": "W", "kw": "kW", "nm": "Nm", "ah": "Ah", "mah": "mAh", "wh": "Wh", "kwh": "kWh", "hz": "Hz"},
    **{
        "khz": "kHz",
        "mhz": "MHz",
        "NM": "Nm",
        "KW": "kW",
        "KV": "kV",
        "N·m": "Nm",
        "N.m": "Nm",
        "N-m": "Nm",
        "N m": "Nm",
        "N*m": "Nm",
        "kN·m": "kNm",
    },
}
_NUMBER = r"(?:(?<![^\s(\[=:<>≤≥±~/])[-−])?\d+(?:[.,'\u2009\u202f]\d+)*"


def _spellings() -> dict[str, str]:
    """Every spelling -> its unit. Symbols keep their case ("mW" is no "MW"); the common ones are also known in small letters."""
    known = {prefix + symbol: prefix + symbol for symbol in _SYMBOLS for prefix in _PREFIXES}
    known |= _LOWER
    known |= {spelling: unit for unit, spellings in _WORDS.items() for spelling in spellings.split()}
    return known | {
        spelling[:1].upper() + spelling[1:]: unit
        for unit, spellings in _WORDS.items()
        for spelling in spellings.split()
        if len(spelling) > 2
    }


_UNITS = _spellings()
_UNIT = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_MEASURE = re.compile(rf"(?<![^\W_])(?<!\d[.,])({_NUMBER})(?:[ \u00a0\u2009\u202f-]?({_UNIT})(?![^\W\d_]))?")
_LONE = re.compile(rf"(?<![^\W_])({_UNIT})(?![^\W_])")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number in one spelling ("1200", "-0.5"), and its unit ("" for a bare one)."""

    number: str
    unit: str


def measures(text: str) -> Iterator[Measure]:
    """All numbers of a text in order, with their units where they have one."""
    for number, unit in _MEASURE.findall(_plain(text)):
        yield Measure(one_spelling(number), _UNITS.get(unit, ""))


def lone_units(text: str) -> frozenset[str]:
    """Units that stand in a text by themselves or in brackets, as in the head of a column."""
    return frozenset(_UNITS[unit] for unit in _LONE.findall(_plain(text)))


def one_spelling(number: str) -> str:
    """1,200 -> 1200 and 0,5 -> 0.5; a minus of any kind is "-"."""
    plain = re.sub(r"['\u2009\u202f]", "", number.replace("−", "-"))
    return (
        plain.replace(",", "")
        if _THOUSANDS.fullmatch(plain.lstrip("-")) and not plain.lstrip("-").startswith("0")
        else plain.replace(",", ".")
    )


def _plain(text: str) -> str:
    """Compatibility-normalised with one mu, one ohm, one middle dot; case and line ends kept. Superscript two stays a unit's."""
    text = text.replace("mm²", "mm2")
    return re.sub("[⋅∙•]", "·", unicodedata.normalize("NFKC", text).replace("μ", "µ").replace("Ω", "Ω").replace("Ohm", "ohm"))
