"""Acceptance cases of the ledger, each with its rows in view. The planning cases are with the planning tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from oracle import driver, shuffle
from oracle.driver import Ledger

from pipelines.publish.reader import run_sql
from pipelines.settings import Home

SMALL = Path(__file__).parent / "a_small_distributor" / "landing"
SHELF = "sellable_accessible"


def send(folder: Path, known_at: datetime, **files: Any) -> driver.Scan:
    """A landing folder with one file for each of `feed__name=[lines]`, or `reference__entity="csv"`."""
    for name, content in files.items():
        feed, stem = name.split("__")
        path = folder / feed / f"{stem}.{'csv' if isinstance(content, str) else 'jsonl'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else "".join(json.dumps(line) + "\n" for line in content), encoding="utf-8")
    return folder, known_at


def wms(number: str, kind: str, at: str, item: str, quantity: Any, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": kind,
        "source_event_id": number,
        "location_code": "SHOP",
        "occurred_at": at,
        "item_code": item,
        "quantity": quantity,
        **more,
    }


def ledger_of(tmp_path: Path, *scans: driver.Scan) -> Ledger:
    """What the product makes of the scans; the oracle must agree."""
    driver.deliver_all(tmp_path / "home", scans)
    ledger = Ledger(tmp_path / "home")
    assert driver.differences(ledger.on_hand(), driver.by_owner(driver.expected(scans).on_hand())) == {}
    return ledger


SHOP = "location_code,location_name,location_kind,gln,time_zone\nSHOP,Shop,store,3012345000024,Europe/Paris\n"


def test_at_16_an_sgtin_names_its_gtin_14_with_indicator_and_check_digit(tmp_path: Path) -> None:
    epc = "urn:epc:id:sgtin:0614141.112345.400"
    read = {
        "type": "ObjectEvent",
        "eventID": "urn:uuid:00000000-0000-4000-8000-000000000016",
        "action": "OBSERVE",
        "bizStep": "cycle_counting",
        "disposition": SHELF,
        "eventTime": "2026-03-02T10:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "bizLocation": {"id": "urn:epc:id:sgln:3012345.00002.0"},
        "epcList": [epc],
    }
    ledger = ledger_of(
        tmp_path,
        send(
            tmp_path / "landing",
            datetime(2026, 3, 3),
            reference__items="item_code,item_kind,base_uom_code,gtin\nPEN,stock,EA,10614141123459\n",
            reference__locations=SHOP,
            wms__a=[
                wms("W1", "receipt", "2026-03-02T09:00:00Z", epc, 1, item_code_kind="epc"),
                wms("W2", "receipt", "2026-03-02T09:00:00Z", "10614141123459", 2, item_code_kind="gtin"),
            ],
            rfid__a=[read],
        ),
    )
    assert ledger.on_hand() == {("PEN", "SHOP", "in_progress", "", ""): 3}
    assert ledger.rows(
        "select item, right(epc, 4), sum(sign)::INTEGER from events join named_items using (item_id) where feed = 'rfid' group by all"
    ) == [("PEN", "/400", 1)]


def test_at_20_a_bag_of_three_kilograms_is_three_base_units_and_a_bag_nobody_knows_is_set_aside(tmp_path: Path) -> None:
    ledger = ledger_of(
        tmp_path,
        send(
            tmp_path / "landing",
            datetime(2026, 3, 3),
            reference__items="item_code,item_kind,base_uom_code\nRICE,stock,kg\n",
            reference__uoms="item_code,uom_code,numerator,denominator\nRICE,bag 25 kg,25,1\nRICE,bag 3 kg,3,1\n",
            reference__locations=SHOP,
            wms__a=[
                wms("W1", "receipt", "2026-03-02T09:00:00Z", "RICE", 1, uom_code="bag 3 kg", lot_code="three"),
                wms("W2", "receipt", "2026-03-02T09:00:00Z", "RICE", 1, uom_code="bag 25 kg", lot_code="twenty-five"),
                wms("W3", "receipt", "2026-03-02T09:00:00Z", "RICE", 1, uom_code="bag 7 kg"),
            ],
        ),
    )
    three, twenty_five = (ledger.on_hand()["RICE", "SHOP", "in_progress", "", lot] for lot in ("three", "twenty-five"))
    assert three == 3 and Fraction(three, twenty_five) == Fraction("0.12")
    assert sum(ledger.on_hand().values()) == 28
    assert ledger.quarantine() == {("wms/a.jsonl", 3, True)}


def test_at_21_a_late_line_changes_the_past_as_known_later_and_not_as_known_then(tmp_path: Path) -> None:
    ledger = ledger_of(
        tmp_path,
        send(
            tmp_path / "in time",
            datetime(2026, 1, 5, 20),
            reference__items="item_code,item_kind,base_uom_code\nMUG,stock,EA\n",
            reference__locations=SHOP,
            wms__a=[
                wms("W1", "adjust", "2026-01-01T09:00:00Z", "MUG", 100, reason_code="start"),
                wms("W2", "adjust", "2026-01-05T09:00:00Z", "MUG", -30, reason_code="used"),
            ],
        ),
        send(
            tmp_path / "late",
            datetime(2026, 1, 10, 9),
            wms__late=[wms("W3", "adjust", "2026-01-03T09:00:00Z", "MUG", -80, reason_code="used")],
        ),
    )
    mugs = ("MUG", "SHOP", SHELF, "", "")
    evening = datetime(2026, 1, 6, 22)
    assert ledger.on_hand(evening, known_at=datetime(2026, 1, 6, 22))[mugs] == 70
    assert ledger.on_hand(evening, known_at=datetime(2026, 1, 11))[mugs] == -10
    assert ledger.on_hand(datetime(2026, 1, 4))[mugs] == 20  # the negative episode begins with the line of 5 January
    assert ledger.rows("select sum(delta)::BIGINT from legs") == [(0,)]


def test_at_26_the_same_files_twice_shuffled_and_in_other_bundles_give_one_ledger_hash(tmp_path: Path) -> None:
    seen_at = datetime(2026, 3, 8, 19)
    cut = tmp_path / "cut"
    shuffle.cut_into_lines(SMALL, cut / "1")
    second = cut / "2" / "wms" / "02-movements-014.jsonl"  # W21's second content stays behind its first
    second.parent.mkdir(parents=True)
    shutil.move(cut / "1" / "wms" / second.name, second)
    late_first = tmp_path / "late first"
    for feed in ("reference", "wms", "pos"):
        shutil.copytree(SMALL / feed, late_first / feed)
    (late_first / "wms" / "01-opening.jsonl").unlink()
    ways = {"at once": [SMALL], "twice": [SMALL, SMALL], "single lines": [cut / "1", cut / "2"], "the opening last": [late_first, SMALL]}
    hashes = {}
    for way, folders in ways.items():
        driver.deliver_all(tmp_path / f"home {way}", driver.scans_from(folders, seen_at))
        hashes[way] = Ledger(tmp_path / f"home {way}").hash
    assert len(set(hashes.values())) == 1, hashes


def test_at_28_a_sale_a_void_and_a_new_line_are_three_movements_and_one_sale(tmp_path: Path) -> None:
    line = {
        "location_code": "SHOP",
        "register_no": "1",
        "document_id": "P-1",
        "item_code": "MUG",
        "quantity": 1,
        "unit_price_amount": "9.90",
        "currency_code": "EUR",
    }
    ledger = ledger_of(
        tmp_path,
        send(
            tmp_path / "landing",
            datetime(2026, 3, 3),
            reference__items="item_code,item_kind,base_uom_code\nMUG,stock,EA\n",
            reference__locations=SHOP,
            pos__a=[
                line | {"event_kind": "sale", "document_line": 1, "occurred_at": "2026-03-02T11:00:00+01:00"},
                line | {"event_kind": "sale_void", "document_line": 1, "occurred_at": "2026-03-02T11:02:00+01:00"},
                line | {"event_kind": "sale", "document_line": 2, "occurred_at": "2026-03-02T11:03:00+01:00"},
            ],
        ),
    )
    assert ledger.on_hand() == {("MUG", "SHOP", SHELF, "", ""): -1}
    movements = ledger.rows("select document_line, movement_kind, is_reversal, units from movements order by occurred_at")
    assert movements == [("1", "sale", False, 1), ("1", "sale", True, 1), ("2", "sale", False, 1)]
    reversed_ones = ledger.rows("select s.document_line from movements s join movements r on r.reverses_movement_id = s.movement_id")
    assert reversed_ones == [("1",)]
    at = datetime(2026, 3, 2, 10, 1, tzinfo=UTC).replace(tzinfo=None)
    assert ledger.on_hand(at)["MUG", "SHOP", SHELF, "", ""] == -1


@pytest.mark.timeout(900)  # builds and publishes a whole home
def test_at_33_a_stock_list_with_a_twentieth_of_its_usual_rows_is_refused_and_the_one_before_it_stays(tmp_path: Path) -> None:
    items = [f"I{number:02d}" for number in range(20)]
    reference = "item_code,item_kind,base_uom_code\n" + "".join(f"{item},stock,EA\n" for item in items)
    opening = [wms(f"O-{item}", "opening", "2026-03-01T06:00:00Z", item, 8) for item in items]

    def stock_list(day: int, listed: list[str]) -> list[dict[str, Any]]:
        return [wms(f"L{day}-{item}", "snapshot", f"2026-03-{day:02d}T20:00:00Z", item, 8) for item in listed]

    first = send(
        tmp_path / "1",
        datetime(2026, 3, 1, 21),
        reference__items=reference,
        reference__locations=SHOP,
        wms__a=opening + stock_list(1, items),
    )
    whole = [send(tmp_path / str(day), datetime(2026, 3, day, 21), wms__a=stock_list(day, items)) for day in (2, 3, 4)]
    ledger = ledger_of(tmp_path, first, *whole, send(tmp_path / "5", datetime(2026, 3, 5, 21), wms__a=stock_list(5, items[:1])))
    # a list never moves anything, however little of it came
    assert ledger.rows("select movement_kind, count(*)::INTEGER from movements group by all") == [("opening", 20)]

    home = Home(tmp_path / "home")
    driver.build(home.root, datetime(2026, 3, 5, 22))
    assert run_sql(home, "select day(snapshot_at), n_items, completeness, is_accepted from ops.snapshots order by 1 desc limit 2").rows == [
        (5, 1, "refused", False),
        (4, 20, "complete", True),
    ]
    kept = run_sql(
        home, "select count(*), min(day(snapshot_at)), bool_and(is_in_newest), sum(snapshot_units)::INTEGER from stock.snapshots"
    )
    assert kept.rows == [(20, 4, True, 160)]
    alerts = "select severity, subject, state from ops.alerts where alert_code = 'feed_incomplete'"
    assert run_sql(home, alerts).rows == [("critical", "wms/SHOP", "open")]
    gate = "select is_met, rows_failed, severity from ops.gate_results where rule_code = 'ops.snapshots.is_whole'"
    assert run_sql(home, gate).rows == [(False, 1, "warn")]


MARCH_5 = "2026-03-05T{}Z"
SHIRT = "urn:epc:id:sgtin:3600529.000001."


def displayed(channel: str, number: int, units: int, published: str, shown: str) -> list[dict[str, Any]]:
    """What was sent to a channel of pens, and what it showed from when."""
    line = {"channel_code": channel, "publish_no": number, "item_code": "PEN", "location_code": "DOCK", "quantity": units}
    return [line | {"event_kind": "stock_published", "occurred_at": published}, line | {"event_kind": "stock_ack", "occurred_at": shown}]


def tagged(number: int, kind: str, action: str, step: str, at: str, serials: range) -> dict[str, Any]:
    """An event of a reader about shirts of the notice ASN-29."""
    dock = {"id": "urn:epc:id:sgln:3012345.00001.0"}
    epcs = {"epcList" if kind == "ObjectEvent" else "childEPCs": [f"{SHIRT}{serial}" for serial in serials]}
    return {
        "type": kind, "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012d}", "action": action, "bizStep": step, "eventTime": at,
        "eventTimeZoneOffset": "+00:00", "readPoint": dock, "bizTransactionList": [{"type": "desadv", "bizTransaction": "ASN-29"}],
    } | epcs  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """One published home in which a stock change was displayed late (AT-27) and a pallet came short (AT-29)."""
    folder = tmp_path_factory.mktemp("acceptance")
    line = {"document_kind": "asn", "document_id": "ASN-29", "document_line": 1}
    scan = send(
        folder / "landing",
        datetime(2026, 3, 6),
        reference__items="item_code,item_name,item_kind,base_uom_code,gtin,category\nPEN,Pen,stock,EA,,desk\nTEE,T-shirt,stock,EA,03600529000016,clothing\n",
        reference__locations="location_code,location_name,location_kind,gln,time_zone,rfid_posting\nDOCK,Dock,dc,3012345000017,UTC,authoritative\n",
        reference__channels="channel_code,channel_name,channel_kind,time_zone\nweb,Web,web,UTC\namz,Marketplace,marketplace,UTC\n",
        reference__suppliers="supplier_code,supplier_name\nS1,Textiles\n",
        wms__a=[
            wms("W1", "opening", "2026-03-04T06:00:00Z", "PEN", 10, location_code="DOCK"),
            wms("W2", "scrap", MARCH_5.format("12:00:00"), "PEN", 1, location_code="DOCK"),
            wms("W3", "receipt", MARCH_5.format("11:00:00"), "TEE", 24, location_code="DOCK", **line),
        ],
        marketplace__a=[
            row
            for channel, shown in (("web", "12:01:00"), ("amz", "12:06:40"))
            for number, units, sent, at in ((1, 10, "11:00:00", "11:00:01"), (2, 9, "12:00:30", shown))
            for row in displayed(channel, number, units, MARCH_5.format(sent), MARCH_5.format(at))
        ],
        supply__a=[
            line
            | {
                "event_kind": "asn",
                "supplier_code": "S1",
                "location_code": "DOCK",
                "occurred_at": "2026-03-04T09:00:00Z",
                "item_code": "TEE",
                "quantity": 24,
            }
        ],
        rfid__a=[
            tagged(1, "AggregationEvent", "ADD", "shipping", "2026-03-04T09:00:00Z", range(24))
            | {"parentID": "urn:epc:id:sscc:3600529.0000000029"},
            tagged(2, "ObjectEvent", "OBSERVE", "receiving", MARCH_5.format("10:00:00"), range(22)),
        ],
    )
    driver.deliver_all(folder / "home", [scan])
    driver.build(folder / "home", scan[1])
    with duckdb.connect(str((folder / "home" / "published" / "parstock.duckdb").resolve()), read_only=True) as con:
        yield con


def test_at_27_the_slowest_channel_makes_the_latency_and_400_seconds_are_a_breach(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute("""
        select value::DOUBLE, target_operator, target_value::DOUBLE, status from kpi.values
        where kpi_code = 'sync_latency' and period_start_on = date '2026-03-05' and period_end_on = period_start_on and grain_kind = 'all'""").fetchall()
    assert found == [(400, "<", 300, "missed")]


def test_at_29_of_24_announced_tags_22_were_read_and_the_two_missing_ones_are_named(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute("""
        select advised_units, received_units, read_units, missing_units, excess_units, receipt_status, missing_epcs, unexpected_epcs
        from stock.asn_reconciliation""").fetchall()
    assert found == [
        (24, 22, 22, 2, 0, "short", "https://id.gs1.org/01/03600529000016/21/22 https://id.gs1.org/01/03600529000016/21/23", None)
    ]
    on_hand = "select sum(on_hand_units)::BIGINT from stock.on_hand join core.dim_item using (item_id) where item_code = 'TEE'"
    assert published.execute(on_hand).fetchall() == [(22,)]
    moved = published.execute("select distinct source_feed from core.fct_movements where movement_kind = 'receipt'").fetchall()
    assert moved == [("rfid",)]  # the warehouse's receipt of 24 was matched, not added
    health = dict(published.execute("select check_code, n_rows from ops.data_health").fetchall())
    assert (health["transit_overdue"], health["transit_never_sent"], health["tags_unknown"]) == (0, 0, 0)
