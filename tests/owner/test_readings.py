"""A mended mapping replaces what it read before: nothing is booked twice, and the counts say what was corrected.

Every feed's file is read wrongly, then rightly; the ledger is then that of a home which read it rightly at once. And the same
from the spool alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines import deciding, stages
from pipelines.settings import Home
from tests.worlds.small_home import KNOWN_AT, SmallHome, wms

POS = (
    "ticket;no;id;time;sku;qty;kind\n"
    "T1;1;a;2026-03-02 10:00:00;MUG;2;sale\n"
    "T1;2;b;2026-03-02 10:00:00;TEE;1;sale\n"
    "T1;2;c;2026-03-02 10:00:00;TEE;1;sale\n"  # without its own number a repeat
    "T2;1;d;2026-03-02 11:00:00;MUG;-1;sale\n"
    "T1;1;e;2026-03-02 12:00:00;MUG;2;sale_void\n"
    "T3;1;f;2026-03-02 13:00:00;DUO;2;sale\n"
)
WMS = (
    "no;key;kind;time;sku;qty;right;doc;id;line;ref;state;to\n"
    "1;A1;opening;2026-03-01 06:00:00;MUG;60;80;;;;;;\n"
    "2;A2;receipt;2026-03-03 10:00:00;MUG;4;5;po;P7;1;;;\n"
    "3;A3;receipt;2026-03-03 11:00:00;TEE;7;7;;;;;;\n"
    "4;A4;pick;2026-03-04 09:00:00;MUG;2;3;so;W1;1;;;\n"
    "5;A5;ship;2026-03-04 10:00:00;MUG;3;3;so;W1;1;;;\n"
    "6;A6;ship;2026-03-04 10:30:00;TEE;1;2;so;W2;1;;;\n"
    "7;A7;adjust;2026-03-05 10:00:00;TEE;-1;-2;;;;;;\n"
    "8;A8;count;2026-03-06 20:00:00;MUG;50;51;;;;;;\n"
    "9;A9;move;2026-03-05 11:00:00;MUG;5;6;;;;;;PAR\n"
    "10;A10;scrap;2026-03-07 11:00:00;MUG;1;1;;;;;;\n"
)
SUPPLY = "kind;id;line;time;sku;qty;right;ref\npo_created;P7;1;2026-03-01 08:00:00;MUG;30;36;\nasn;N7;1;2026-03-02 08:00:00;MUG;30;36;P7\n"
ORDERS = "kind;id;line;time;sku;qty;right\norder_placed;W2;1;2026-03-04 08:00:00;TEE;1;2\norder_placed;W3;1;2026-03-04 08:00:00;MUG;1;1\n"
FILES = {"pos/till/day.csv": POS, "wms/dc/day.csv": WMS, "supply/buying/day.csv": SUPPLY, "marketplace/web/day.csv": ORDERS}
TIME = 'occurred_at = { column = "time", format = "%Y-%m-%d %H:%M:%S" }\nitem_code = "sku"\n'


def mapping(feed: str, fields: str, rest: str = "") -> str:
    return f'feed = "{feed}"\nunmapped = "drop"\n[file]\ndelimiter = ";"\n[values]\ntime_zone = "Europe/Paris"\n{rest}\n[columns]\n{TIME}{fields}'


def till(number: str = "", rest: str = "", place: str = "PAR") -> str:
    fields = (
        f'event_kind = "kind"\nquantity = "qty"\nlocation_code = {{ value = "{place}" }}\ndocument_id = "ticket"\ndocument_line = "no"\n'
    )
    return mapping("pos", fields + number, rest)


OWN_NUMBER = 'source_event_id = "id"\n'
NEGATIVE = '[negative_quantity]\nsale = "return"'


def warehouse(key: str, quantity: str, place: str = "DC") -> str:
    fields = f"""event_kind = "kind"
source_event_id = "{key}"
quantity = "{quantity}"
location_code = {{ value = "{place}" }}
document_kind = "doc"
document_id = "id"
document_line = "line"
to_location_code = "to"
supplier_code = {{ value = "SUP" }}
reason_code = {{ value = "damage" }}
uom_code = {{ column = "doc", map = {{ "po" = "CS", "so" = "EA" }}, default = "EA" }}
"""
    return mapping("wms", fields)


def buying(quantity: str) -> str:
    fields = f"""event_kind = "kind"
document_id = "id"
document_line = "line"
quantity = "{quantity}"
ref_document_id = "ref"
location_code = {{ value = "DC" }}
supplier_code = {{ value = "SUP" }}
"""
    return mapping("supply", fields)


def orders(quantity: str, channel: str) -> str:
    fields = f"""event_kind = "kind"
document_id = "id"
document_line = "line"
quantity = "{quantity}"
channel_code = {{ value = "{channel}" }}
"""
    return mapping("marketplace", fields)


WRONG = {
    "pos/till/mapping.toml": till(), "wms/dc/mapping.toml": warehouse("no", "qty"), "supply/buying/mapping.toml": buying("qty"),
    "marketplace/web/mapping.toml": orders("qty", "amz"),
}  # fmt: skip
RIGHT = {
    "pos/till/mapping.toml": till(OWN_NUMBER, NEGATIVE), "wms/dc/mapping.toml": warehouse("key", "right"),
    "supply/buying/mapping.toml": buying("right"), "marketplace/web/mapping.toml": orders("right", "web"),
}  # fmt: skip


def clock(hours: int) -> Callable[[], datetime]:
    return lambda: KNOWN_AT + timedelta(hours=hours)


def counts(home: SmallHome) -> list[tuple[object, ...]]:
    """Path, rows_in, accepted, duplicate, corrected, quarantined of each reading of each file, in the order in which they came."""
    return home.rows("""
        select source_uri, sum(rows_in)::INT, sum(accepted)::INT, sum(duplicate)::INT, sum(corrected)::INT, sum(quarantined)::INT from deliveries
        where feed <> 'reference' group by delivery_id, source_uri order by source_uri, min(first_known_at), min(commit_id)""")


def stands(home: SmallHome) -> list[tuple[object, ...]]:
    """Documents that stand: kind, number, units, channel."""
    return home.rows("""
        select event_kind, document_id, units, channel_id, sum(sign)::INT from events group by all having sum(sign) <> 0 order by all""")


def from_spool(home: SmallHome, folder: Path) -> SmallHome:
    """The home made anew from the spool alone."""
    again = SmallHome(folder, reference=False)
    shutil.rmtree(again.home.spool)
    shutil.copytree(home.home.spool, again.home.spool)
    stages.flush(Home(again.home.root), clock=lambda: KNOWN_AT)
    return again


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """A home that read everything rightly at once."""
    home = SmallHome(tmp_path_factory.mktemp("right"))
    home.deliver(**FILES, **RIGHT)
    assert home.set_aside() == []
    return home


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """A home that read everything wrongly first."""
    home = SmallHome(tmp_path_factory.mktemp("mended"))
    home.deliver(**FILES, **WRONG)
    home.deliver(**FILES, **RIGHT)
    for mappings in (WRONG, RIGHT):  # the till's is spoiled and mended once more, both in one instant
        home.deliver(hours_later=4, **{path: text for path, text in (FILES | mappings).items() if path.startswith("pos/")})
    return home


def test_the_ledger_is_as_if_the_files_had_been_read_rightly_at_first(right: SmallHome, mended: SmallHome) -> None:
    assert mended.on_hand() == right.on_hand()
    assert stands(mended) == stands(right)
    assert mended.current["ledger_hash"] == right.current["ledger_hash"]
    assert mended.set_aside() == []


def test_each_line_is_counted_as_corrected_or_as_the_same(mended: SmallHome) -> None:
    assert counts(mended) == [
        ("marketplace/web/day.csv", 2, 2, 0, 0, 0),
        ("marketplace/web/day.csv", 2, 0, 0, 2, 0),
        ("pos/till/day.csv", 6, 4, 1, 0, 1),  # a repeat, and a quantity below 0
        ("pos/till/day.csv", 6, 2, 0, 4, 0),
        ("pos/till/day.csv", 6, 0, 1, 4, 1),
        ("pos/till/day.csv", 6, 2, 0, 4, 0),
        ("supply/buying/day.csv", 2, 2, 0, 0, 0),
        ("supply/buying/day.csv", 2, 0, 0, 2, 0),
        ("wms/dc/day.csv", 10, 10, 0, 0, 0),
        ("wms/dc/day.csv", 10, 0, 0, 10, 0),
    ]


def test_the_spool_alone_gives_the_same(mended: SmallHome, tmp_path: Path) -> None:
    again = from_spool(mended, tmp_path)
    assert again.current["ledger_hash"] == mended.current["ledger_hash"]
    assert sorted(counts(again)) == sorted(counts(mended))  # one commit made it: what came in one instant has no order in it
    assert again.set_aside() == mended.set_aside()
    assert stands(again) == stands(mended)


def test_what_was_known_before_stays_known(right: SmallHome, mended: SmallHome, tmp_path: Path) -> None:
    wrong = SmallHome(tmp_path)
    then = wrong.deliver(**FILES, **WRONG)
    as_known = "select item, place, state, sum(delta)::INT as units from codes where not is_virtual and known_at <= ? group by all having units <> 0 order by all"
    assert mended.rows(as_known, then) == wrong.rows(as_known, then)


def test_a_mended_mapping_of_reference_puts_the_past_right(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    packs = "sku;unit;wrong;right\nMUG;BOX;6;12\nTEE;BOX;10;10\n"

    def units(column: str) -> dict[str, str]:
        columns = f'item_code = "sku"\nuom_code = "unit"\nnumerator = "{column}"\ndenominator = {{ value = "1" }}\n'
        text = f'feed = "reference"\nunmapped = "drop"\n[file]\ndelimiter = ";"\n[columns.uoms]\n{columns}'
        return {"reference/erp/uoms.csv": packs, "reference/erp/mapping.toml": text}

    home.deliver(**units("wrong"))
    then = home.deliver(
        **{"wms/1.jsonl": [wms("1", "receipt", "2026-03-02T10:00:00", "DC", "MUG", 2, uom_code="BOX", supplier_code="SUP")]}
    )
    home.deliver(**units("right"))
    assert home.on_hand() == {("MUG", "DC", "in_progress"): 24}
    assert home.rows("select sum(delta)::INT from codes where place = 'DC' and known_at <= ?", then) == [(12,)]
    assert home.counted("reference/erp/uoms.csv") == (2, 0, 1, 1, 0)


WAITS = "ticket;no;id;time;sku;qty\nT1;1;a;2026-03-02 10:00:00;MUG;3000000\nT1;2;b;2026-03-02 10:00:00;TEE;1\nT2;1;c;2026-03-02 10:00:00;CUP;1\n"
"""A line for approval, one that is read otherwise later, and one that waits for its item."""


def test_what_waits_and_is_read_alike_waits_under_the_newest_reading(tmp_path: Path) -> None:
    """However often it is read again, and though the waiting line is not what was mended."""
    home = SmallHome(tmp_path / "home")
    kind = '{{ column = "sku", map = {{ MUG = "sale", CUP = "sale", TEE = "{}" }} }}'
    for word in ("sale", "return", "exchange"):
        fields = f'event_kind = {kind.format(word)}\nquantity = "qty"\nlocation_code = {{ value = "PAR" }}\ndocument_id = "ticket"\ndocument_line = "no"\n'
        home.deliver(**{"pos/till/day.csv": WAITS, "pos/till/mapping.toml": mapping("pos", fields)})
        assert [row[:2] for row in home.set_aside()] == [("absurd_quantity", 2), ("unknown_item", 4)]
        assert home.counted("pos/till/day.csv")[4] == 2
    again = from_spool(home, tmp_path / "again")
    assert [row[:2] for row in again.set_aside()] == [row[:2] for row in home.set_aside()]
    assert again.current["ledger_hash"] == home.current["ledger_hash"]
    [made] = deciding.accept_rows(home.home, "absurd_quantity", reason="a silo", author="ann", clock=clock(20))
    assert home.counted("pos/till/day.csv") == (3, 0, 1, 1, 1)
    home.deliver(hours_later=21, **{"pos/till/day.csv": WAITS, "pos/till/mapping.toml": mapping("pos", fields.replace("exchange", "sale"))})
    deciding.undo(home.home, made["decision_id"], reason="a typo", author="ann", clock=clock(22))
    assert all(count >= 0 for row in counts(home) for count in row[1:])
    assert home.on_hand() == {("TEE", "PAR", "sellable_accessible"): -1}
    assert [row[:2] for row in home.set_aside()] == [("absurd_quantity", 2), ("unknown_item", 4)]
