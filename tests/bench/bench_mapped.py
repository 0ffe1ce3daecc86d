"""What a mapping costs beside a canonical table: `python tests/bench/bench_mapped.py [ROWS]`.

The same made-up tickets as a canonical CSV and as the export of a French till (Windows-1252, semicolons, decimal comma,
day and time in two columns), first pass and parsing; best of five, in CPU microseconds a row. The promise is twice the
canonical table at most.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.feeds.mapping.check import load_mapping
from pipelines.feeds.mapping.fields import Table
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.parse import How, Task, parse_block
from pipelines.feeds.reading.derive import Context
from pipelines.ingest.survey import survey

PROMISE = 2.0
COLUMNS = "event_kind location_code register_no document_id document_line occurred_at item_code quantity unit_price_amount currency_code"
TILL = """
feed = "pos"
[file]
delimiter = ";"
encoding = "cp1252"
{leave_out}
[values]
decimal = ","
thousands = "\\u00a0"
time_zone = "Europe/Paris"
[columns]
event_kind = {{ column = "Type", map = {{ VTE = "sale", RET = "return" }} }}
location_code = "Magasin"
register_no = "Caisse"
document_id = "Ticket"
document_line = "Ligne"
occurred_at = {{ columns = ["Date", "Heure"], format = "%d/%m/%Y %H:%M:%S" }}
item_code = {{ column = "Article", strip_prefix = "ART-" }}
quantity = "Qté"
unit_price_amount = "Prix"
currency_code = "Devise"
[negative_quantity]
sale = "return"
"""
LEAVING = '[leave_out]\nlines = ["^#", "^;*TOTAL"]\nwhere = { Type = ["PAI"] }'


def tickets(rows: int) -> tuple[str, str]:
    """The same lines, canonical and as a till writes them."""
    random.seed(7)
    canonical, till = [COLUMNS.replace(" ", ",")], ["Type;Magasin;Caisse;Ticket;Ligne;Date;Heure;Article;Qté;Prix;Devise"]
    for row in range(rows):
        day, clock = 1 + row % 28, f"{random.randint(8, 19):02d}:{random.randint(0, 59):02d}:{random.randint(0, 59):02d}"
        place, register, item = f"S{random.randint(1, 300):03d}", random.randint(1, 9), f"SKU{random.randint(1, 20_000):05d}"
        units, euros, cents = random.choice((1, 1, 1, 2)), random.randint(0, 90), random.randint(10, 99)
        ticket = f"T{row // 4:07d}"
        canonical.append(
            f"sale,{place},{register},{ticket},{row % 4 + 1},2026-03-{day:02d}T{clock}+01:00,{item},{units},{euros}.{cents},EUR"
        )
        till.append(f"VTE;{place};{register};{ticket};{row % 4 + 1};{day:02d}/03/2026;{clock};ART-{item};{units};{euros},{cents};EUR")
    return "\n".join(canonical) + "\n", "\n".join(till) + "\n"


def cpu_us(run: Callable[[], object], rows: int) -> float:
    """Least CPU time of five rounds, in microseconds a row."""
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return best / rows * 1e6


def measure(content: bytes, mapping: Mapping | None, rows: int) -> tuple[float, float]:
    """First pass and parsing."""
    header, _, body = content.partition(b"\n")
    task = Task("pos", How("csv", header=header + b"\n"), Context("pos", b"k" * 32))
    if mapping is not None:
        names = [name.strip('"') for name in header.decode("cp1252").split(";")]
        task = Task("pos", How("mapped", header=Table(names, mapping).to_header(), mapping=mapping), task.context)
    assert parse_block(task, body, 2, rows).events.height == rows
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_bytes(content)
        first = cpu_us(lambda: survey(file.name, "pos", None, 8 << 20, mapping=mapping), rows)
    return first, cpu_us(lambda: parse_block(task, body, 2, rows), rows)


def main(rows: int) -> int:
    """Measure and print; returns 1 where the promise is not kept."""
    canonical, till = tickets(rows)
    plain = load_mapping(TILL.format(leave_out="").encode(), "till", "pos")
    leaving = load_mapping(TILL.format(leave_out=LEAVING).encode(), "till", "pos")
    quoted = "".join('"' + line.replace(";", '";"') + '"\n' for line in till.splitlines())
    cases: dict[str, tuple[bytes, Mapping | None]] = {
        "canonical": (canonical.encode(), None),
        "mapped": (till.encode("cp1252"), plain),
        "mapped, accents in each line": (till.replace("SKU0", "SKÜ").encode("cp1252"), plain),
        "mapped, every field quoted": (quoted.encode("cp1252"), plain),
        "mapped, leaving rows out": (till.encode("cp1252"), leaving),
    }
    base, ratio = 0.0, 0.0
    for name, (content, mapping) in cases.items():
        first, parse = measure(content, mapping, rows)
        base = base or first + parse
        ratio = (first + parse) / base
        if name == "mapped":
            promised = ratio
        print(f"{name:32s} first pass {first:5.2f}  parse {parse:5.2f}  together {first + parse:5.2f} µs a row, {ratio:4.2f} × canonical")
    return int(promised > PROMISE)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 150_000))
