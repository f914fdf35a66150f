"""Numbers with their units have one spelling each, and only one."""

from __future__ import annotations

import pytest

from service.measures import Measure, lone_units, measures


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        *(("7 N·m", "7", "Nm"), ("7Nm", "7", "Nm"), ("7 N m", "7", "Nm"), ("7 N•m", "7", "Nm"), ("7 nm", "7", "Nm")),
        *(("1,200 V", "1200", "V"), ("1200V", "1200", "V"), ("0,5 mm²", "0.5", "mm²"), ("0.5 mm2", "0.5", "mm²")),
        *(("-40 ℃", "-40", "°C"), ("−40 °C", "-40", "°C"), ("24v", "24", "V"), ("30 amps", "30", "A"), ("4.7kΩ", "4.7", "kΩ")),
        *(("500 kbps", "500", "kbit/s"), ("10 minutes", "10", "min"), ("16 A", "16", "A"), ("120 ohm", "120", "Ω")),
    ],
)  # fmt: skip
def test_spellings_of_one_measure_are_one(text: str, number: str, unit: str) -> None:
    assert list(measures(text)) == [Measure(number, unit)]


def test_prefixes_and_signs_tell_measures_apart() -> None:
    assert len({*measures("0.7 kN"), *measures("0.7 N"), *measures("7 N"), *measures("-7 N")}) == 4
    assert len({*measures("5 mW"), *measures("5 MW"), *measures("5 W")}) == 3
    assert len({*measures("2.5 mm"), *measures("2.5 mm²"), *measures("2,500 mm")}) == 3


def test_a_number_that_is_part_of_a_name_is_no_measure_of_it() -> None:
    assert Measure("8", "") not in set(measures("M8 screws"))
    assert [measure.unit for measure in measures("5–7 Nm")] == ["", "Nm"]


def test_units_by_themselves_are_found_in_a_column_head() -> None:
    assert lone_units("Torque (N·m) | Voltage [V] | Size") == {"Nm", "V"}
    assert lone_units("7 Nm") == {"Nm"} or lone_units("7 Nm") == set()


def test_per_mille_is_not_per_cent() -> None:
    (mille,), (cent,) = list(measures("100 ‰")), list(measures("100 %"))
    assert mille != cent
