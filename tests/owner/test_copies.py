"""The same bytes under another name, for another entity or with another reading are deliveries of their own: what each refuses is shown."""

from __future__ import annotations

import json
from pathlib import Path

from tests.worlds.small_home import SmallHome, pos

SALE = pos("T1", 1, "sale", "2026-03-02T10:00:00", "MUG", 1)
LINES = "".join(f"{line}\n" for line in (json.dumps(SALE), json.dumps(SALE | {"document_id": "T2", "occurred_at": "yesterday"}), "no line"))
STOCK = "sku;qty;wrong\nMUG;4;2,5\nTEE;6;-1\n"


def shown(home: SmallHome) -> list[tuple[object, ...]]:
    """Path and reason of each row that is set aside."""
    return home.rows("""
        select d.source_uri, q.reason_code, sum(q.sign)::INT from quarantine q join (select distinct delivery_id, source_uri from deliveries) d using (delivery_id)
        group by all having sum(q.sign) <> 0 order by all""")


def mapping(quantity: str) -> str:
    columns = f'event_kind = {{ value = "opening" }}\nsource_event_id = "sku"\nlocation_code = {{ value = "DC" }}\nitem_code = "sku"\nquantity = "{quantity}"\n'
    time = 'occurred_at = { value = "2026-03-01T06:00:00+01:00" }\n'
    return f'feed = "wms"\nunmapped = "drop"\n[file]\ndelimiter = ";"\n[values]\ndecimal = ","\n[columns]\n{columns}{time}'


def test_a_tills_file_that_is_sent_under_two_names_shows_its_refused_lines_twice(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"pos/a.jsonl": LINES, "pos/b.jsonl": LINES})
    assert [home.counted(f"pos/{name}.jsonl") for name in "ab"] == [(3, 1, 0, 0, 2), (3, 0, 1, 0, 2)]
    assert shown(home) == [(f"pos/{name}.jsonl", code, 1) for name in "ab" for code in ("bad_time", "not_json")]


def test_the_same_is_so_where_the_second_name_comes_on_another_day(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"pos/a.jsonl": LINES})
    home.deliver(**{"pos/again.jsonl": LINES})
    assert home.counted("pos/again.jsonl") == (3, 0, 1, 0, 2)
    assert len(shown(home)) == 4
    home.deliver(**{"pos/again.jsonl": LINES})  # the same under the same name: nothing happens
    assert len(shown(home)) == 4


def test_one_table_for_two_entities_is_judged_by_each(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    table = (
        "supplier_code,item_code,location_code,lead_time_days,supplier_name\nSUP,MUG,*,three,Works\nSUP,TEE,*,4,Works\n,TEE,*,4,Nobody\n"
    )
    home.deliver(**{"reference/terms-all.csv": table, "reference/suppliers-all.csv": table})
    assert home.counted("reference/terms-all.csv") == (3, 1, 0, 0, 2)
    assert home.counted("reference/suppliers-all.csv")[4] == 1
    assert shown(home) == [
        ("reference/suppliers-all.csv", "missing_field", 1),
        ("reference/terms-all.csv", "bad_number", 1),
        ("reference/terms-all.csv", "missing_field", 1),
    ]


def test_two_folders_that_read_one_table_differently_are_two_sources(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{
        "wms/right/day.csv": STOCK, "wms/right/mapping.toml": mapping("qty"), "wms/wrong/day.csv": STOCK, "wms/wrong/mapping.toml": mapping("wrong"),
    })  # fmt: skip
    assert (home.counted("wms/right/day.csv"), home.counted("wms/wrong/day.csv")[4]) == ((2, 2, 0, 0, 0), 2)
    assert [(path, count) for path, _, count in shown(home)] == [("wms/wrong/day.csv", 1), ("wms/wrong/day.csv", 1)]
