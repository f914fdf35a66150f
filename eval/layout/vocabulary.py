"""Words for generated manuals: sentences from a small grammar, part names, values with units. Written for this project, copied nowhere.

In: a random generator and a language ("en", "de"). Out: plain strings; `^{2}` and `_{2}` mean raised and lowered. Must not know layout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

_EN = {
    "part": (
        "coolant pump|inverter|traction motor|battery pack|contactor box|DC link|service plug|"
        "charge inlet|module carrier|cell monitor|busbar|"
        "junction box|pressure valve|insulation monitor|gate driver|drive shaft|heat exchanger|expansion tank|current sensor|fuse holder|"
        "cable gland|bearing seat|mounting plate|control unit|pilot line|cover gasket|vent membrane|ground strap|relay board|resolver"
    ),
    "state": "open|closed|dry|clean|de-energised|cold|unloaded|locked|fully charged|in position|marked|free of oil",
    "verb": "checks|controls|feeds|protects|cools|limits|measures|separates|supplies|drives|monitors|isolates",
    "do": "Remove|Install|Check|Clean|Tighten|Disconnect|Connect|Lift|Align|Replace|Measure|Mark|Loosen|Inspect|Drain|Fill|Lock|Seal",
    "how": "by hand|with the torque wrench|from below|in a cross pattern|without force|from the left side|with two people|step by step",
    "why": (
        "so that no air stays in the circuit|to keep the seal dry|because the edge is sharp|"
        "so that the plug cannot fall out|to avoid short circuits"
    ),
    "when": (
        "before every start|after each repair|once a month|while the drive is at rest|"
        "below the freezing point|during charging|after ten minutes"
    ),
    "harm": "electric shock|burns|crushing of the hand|damage to the cells|loss of insulation|fire|leakage|injury to the eyes",
    "topic": (
        "Safety|Overview|Assembly|Removal|Installation|Commissioning|Maintenance|Cooling|Wiring|"
        "Diagnosis|Storage|Disposal|Transport|Charging|"
        "Communication|Parameters|Limits|Torques|Connections|Protection|Operation|Inspection|Calibration|Software|Cleaning|Spare parts"
    ),
    "of": "of the {part}|for the {part}|and {part}||||on the vehicle|with tools",
    "connective": "In this case|As a rule|After that|For this reason|At the same time|In normal use|On request",
    "warn": (
        "Contact with the {part} can cause {harm}.|Never touch the {part} while it is {state}.|Risk of {harm} at the {part}.|"
        "High voltage at the {part} can cause {harm}.|An unsecured {part} can cause {harm}."
    ),
    "avoid": (
        "Wait {n} minutes and prove that the {part} carries no voltage.|Wear gloves and goggles.|Use the {part} only when it is {state}.|"
        "Keep people away {when}.|Make sure that the {part} is {state}."
    ),
    "note": "The {part} is {state} {when}.|The {part} may be {state} on early units.|The screws of the {part} are used once only.",
    "sentence": (
        "The {part} {verb} the {part} {when}.|{connective}, the {part} {verb} the {part} {why}.|"
        "The {part} is {state} when the {part} is {state}.|"
        "Each {part} carries a label that names its {part} and its {part}.|A value of {value} applies at the {part} {when}.|"
        "Between {value} and {value} the {part} stays {state}.|If the {part} is not {state}, the {part} {verb} it {when}.|"
        "The area of the {part} is {n} mm^{{2}} and its loss is below {n} W.|The supply U_{{DC}} of the {part} must not exceed {value}."
    ),
    "step": (
        "{do} the {part} {how}.|{do} the {part} and the {part} {how}.|{do} the screws of the {part} to {torque}.|{do} the {part} {why}.|"
        "Make sure that the {part} is {state}.|Wait until the {part} is {state}, then {small} the {part}."
    ),
    "bullet": "the {part} is {state}|{part} {how}|no {harm} at the {part}|one {part} for each {part}|a {part} that {verb} the {part}",
}
_DE = {
    "part": (
        "Kühlmittelpumpe|Batterie|Ladedose|Sammelschiene|Dichtung|Leitung|Schraubverbindung|Steuereinheit|Abdeckung|Sicherung|"
        "Antriebswelle|Messleitung|Klemme|Überwachung|Zellspannungsmessung|Motorwicklung|Trennstelle|Halterung"
    ),
    "state": "offen|geschlossen|trocken|spannungsfrei|verriegelt|geprüft|gekühlt|vollständig geladen",
    "verb": "überwacht|versorgt|kühlt|schützt|begrenzt|trennt|steuert|misst",
    "do": "Prüfen|Lösen|Montieren|Reinigen|Ersetzen|Kennzeichnen|Anziehen|Trennen|Einsetzen",
    "how": "von Hand|mit dem Drehmomentschlüssel|von unten|über Kreuz|ohne Gewalt|zu zweit",
    "why": "damit keine Luft im Kreislauf bleibt|um Kurzschlüsse zu vermeiden|damit die Fläche trocken bleibt",
    "when": "vor jedem Start|nach jeder Reparatur|einmal im Monat|während des Ladens|nach zehn Minuten",
    "harm": "Stromschlag|Verbrennung|Quetschung|Brand|Auslaufen",
    "topic": (
        "Sicherheit|Übersicht|Einbau|Ausbau|Inbetriebnahme|Wartung|Kühlung|Verkabelung|Fehlersuche|Lagerung|Entsorgung|Transport|Laden|"
        "Grenzwerte|Anschlüsse|Betrieb|Prüfung|Reinigung|Ersatzteile"
    ),
    "of": "der {part}|für die {part}||| am Fahrzeug",
    "connective": "In diesem Fall|In der Regel|Danach|Aus diesem Grund|Gleichzeitig",
    "warn": (
        "Gefahr durch {harm} an der {part}.|Die {part} niemals berühren, wenn sie {state} ist.|"
        "Eine ungesicherte {part} kann zu {harm} führen."
    ),
    "avoid": (
        "{n} Minuten warten und die {part} auf Spannungsfreiheit prüfen.|Handschuhe und Schutzbrille tragen.|"
        "Die {part} nur verwenden, wenn sie {state} ist."
    ),
    "note": "Die {part} ist {when} {state}.|Die Schrauben der {part} werden nur einmal verwendet.",
    "sentence": (
        "Die {part} {verb} die {part} {when}.|{connective} {verb} die {part} die {part}, {why}.|"
        "Die {part} ist {state}, wenn die {part} {state} ist.|"
        "An der {part} gilt {when} ein Wert von {value}.|Zwischen {value} und {value} bleibt die {part} {state}."
    ),
    "step": (
        "Die {part} {how} einsetzen, {why}.|Schrauben der {part} mit {torque} anziehen.|"
        "{part} {how} ausrichten.|Warten, bis die {part} {state} ist."
    ),
    "bullet": "die {part} ist {state}|{part} {how}|keine Gefahr durch {harm}",
}
_UNITS = {"V": (3, 900), "A": (1, 600), "kW": (2, 250), "bar": (1, 12), "mm": (2, 800), "kg": (1, 480), "°C": (-40, 125), "Hz": (1, 20000),
          "mΩ": (1, 400), "Nm": (2, 140), "ms": (1, 900), "l/min": (2, 40)}  # fmt: skip


@dataclass
class Voice:
    """One manual's author. Titles are given once each."""

    rng: Random
    language: str = "en"
    _titles: set[str] = field(default_factory=set)

    def pick(self, name: str) -> str:
        """One alternative of a rule, its slots filled."""
        rules = _DE if self.language == "de" else _EN
        return self.fill(self.rng.choice(rules[name].split("|")))

    def fill(self, pattern: str) -> str:
        """Replace {slots}; `{{` and `}}` stay braces."""
        out, rest = "", pattern
        while "{" in rest:
            before, _, rest = rest.partition("{")
            out += before
            if rest.startswith("{"):
                inner, _, rest = rest[1:].partition("}}")
                out += "{" + inner + "}"
            else:
                slot, _, rest = rest.partition("}")
                out += self._slot(slot)
        return out + rest

    def _slot(self, slot: str) -> str:
        if slot == "n":
            return str(self.rng.randint(2, 60))
        if slot == "value":
            return self.value()
        if slot == "torque":
            return f"{self.rng.randint(2, 140)} Nm"
        if slot == "small":
            return self.pick("do").lower()
        return self.pick(slot)

    def value(self, unit: str = "") -> str:
        """A number with a unit."""
        unit = unit or self.rng.choice(list(_UNITS))
        return f"{self.number(unit)} {unit}"

    def number(self, unit: str = "") -> str:
        """A number as it suits the unit."""
        low, high = _UNITS[unit or self.rng.choice(list(_UNITS))]
        if self.rng.random() < 0.3 and high < 900:
            return f"{self.rng.randint(low, high)}.{self.rng.randint(1, 9)}"
        return str(self.rng.randint(low, high))

    def unit(self) -> str:
        return self.rng.choice(list(_UNITS))

    def text(self, n_sentences: int) -> str:
        """Sentences in a row."""
        return " ".join(_sentence(self.pick("sentence")) for _ in range(n_sentences))

    def step(self) -> str:
        return _sentence(self.pick("step"))

    def bullet(self) -> str:
        return self.pick("bullet")

    def part(self) -> str:
        part = self.pick("part")
        return part[0].upper() + part[1:]

    def title(self) -> str:
        """A heading not used before in this manual."""
        for _ in range(200):
            title = f"{self.pick('topic')} {self.pick('of')}".strip()
            if title not in self._titles:
                break
        self._titles.add(title)
        return title

    def warning(self) -> str:
        return " ".join(_sentence(self.pick(name)) for name in ("warn", "avoid", "avoid")[: self.rng.randint(2, 3)])

    def note(self) -> str:
        return _sentence(self.pick("note"))

    def code(self) -> str:
        """A name as tables of registers and faults have them."""
        rng = self.rng
        form = rng.randint(0, 4)
        if form == 0:
            return f"0x{rng.randint(0x10, 0x7FF):03X}"
        if form == 1:
            return f"P{rng.randint(0, 3)}{rng.choice('0ABC')}{rng.randint(10, 99)}"
        if form == 2:
            unit, value = rng.choice(("PACK", "CELL", "CHG", "MOT", "INV", "AUX")), rng.choice(("VOLT", "TEMP", "CURR", "STATE", "LIMIT"))
            return f"{unit}_{value}_{rng.randint(1, 64)}"
        if form == 3:
            return f"X{rng.randint(1, 9)}.{rng.randint(1, 24)}"
        return f"{rng.randint(10, 99)}-{rng.randint(100, 999)}-{rng.randint(10, 99)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
