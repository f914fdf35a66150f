"""Small manuals of invented products, really set, parsed and indexed, for tests that need a whole pipeline over known text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from pdfs import typst_pdf
from rich.console import Console

from ingest.progress import Progress
from ingest.run import ingest
from service.core.ports import Rag
from service.core.settings import Settings, load
from service.wire import wire

LARK = """
= Lark 40 battery pack
#v(4pt)
The Lark 40 battery pack has a nominal voltage of 355 V and weighs 412 kg. The pack is cooled by water and glycol at up to 1.4 bar.
== Power terminals
Tighten the terminal screws to 7 Nm. Tighten the earth screw to 12 Nm. The storage temperature is -25 °C to 45 °C.
Do not reuse the terminal screws. Wait at least 10 minutes after switching off before the cover is opened.
#table(columns: 3, [*Screw*], [*Torque (Nm)*], [*Wrench*],
  [M6 busbar screw], [9], [10 mm], [M8 cover screw], [22], [13 mm], [M10 lug screw], [38], [17 mm])
== Bleeding the coolant circuit
*WARNING: Hot coolant scalds. Let the circuit cool down below 40 °C before it is opened.*
+ Connect the hose to the bleed valve B2.
+ Open the bleed valve by one turn.
+ Run the pump for 90 seconds.
+ Close the bleed valve.
+ Check the level in the expansion tank.
#pagebreak()
== Faults
Fault code LK-207 means that the insulation resistance is below 500 kOhm. Fault code LK-270 means that the fan is blocked.
"""
WREN = """
= Wren 7 charger
#v(4pt)
The Wren 7 charger delivers 7.4 kW at 32 A. Tighten the mains terminals of the charger to 2.5 Nm. The fuse of the charger is rated for 40 A.
"""


def indexed(folder: Path, *, home: Path, **settings: Any) -> tuple[Rag, Settings]:
    """A folder's documents in an index of their own, open. Every question is answered, however unsure; the cross-encoder
    is left out, which makes a question ten times as fast."""
    made = load({}, home=home, ocr="off", reranker="none", refuse_below=0.0, **settings)
    report = ingest([folder], made, Progress(Console(file=io.StringIO())))
    assert report.exit_code == 0, report
    return wire(made), made


def manuals(folder: Path) -> Path:
    """The manuals as PDFs in a folder."""
    folder.mkdir(exist_ok=True)
    typst_pdf(folder, LARK, "lark-40-service-manual.pdf")
    typst_pdf(folder, WREN, "wren-7-installation-manual.pdf")
    return folder
