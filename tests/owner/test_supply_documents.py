"""Suppliers' documents: their local times are of their zone, and a higher revision of a notice replaces the lower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.worlds.small_home import SmallHome, wms


def supply(kind: str, number: str, at: str, units: int, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": kind, "document_id": number, "document_line": 1, "supplier_code": "SUP", "location_code": "DC", "occurred_at": at, "item_code": "TEE",
        "quantity": units, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    home = SmallHome(tmp_path_factory.mktemp("supply"))
    home.deliver(
        **{
            "supply/orders.jsonl": [
                supply("po_created", "LOCAL", "2026-03-02T09:00:00", 5, promised_at="2026-03-30T10:00:00", due_at="2026-03-31"),
                supply("po_created", "MIXED", "2026-03-02T09:00:00", 5, promised_at="2026-03-30T10:00:00Z", due_at="2026-10-25T02:30:00"),
                supply("po_created", "OFFSET", "2026-03-02T09:00:00+01:00", 5, promised_at="2026-03-30T10:00:00"),
                supply("po_created", "NO-ZONE", "2026-03-02T09:00:00", 5, promised_at="2026-03-30T10:00:00", location_code=None),
            ],
            "supply/notices.jsonl": [
                supply("asn", "A1", "2026-03-05T09:00:00+01:00", 24),
                supply("asn", "A1", "2026-03-05T09:00:00+01:00", 20, source_revision=2),
                supply("asn", "A1", "2026-03-05T09:00:00+01:00", 22, source_revision=1),
                supply("recadv", "R1", "2026-03-06T09:00:00+01:00", 20),
                supply("recadv", "R1", "2026-03-06T09:00:00+01:00", 19, source_revision=1),
            ],
            "wms/1.jsonl": [
                wms("W1", "receipt", "2026-03-06T10:00:00", "DC", "TEE", 8, document_kind="asn", document_id="A1", document_line=1)
            ],
        }
    )
    return home


@pytest.mark.parametrize(
    ("number", "promised_at", "due_at"),
    [
        # on 29 March the clocks of Paris go forward, on 25 October back: of two times the first
        ("LOCAL", "2026-03-30 08:00:00+00", "2026-03-30 22:00:00+00"),
        ("MIXED", "2026-03-30 10:00:00+00", "2026-10-25 00:30:00+00"),
        ("OFFSET", "2026-03-30 09:00:00+00", None),
    ],
)
def test_a_local_promise_takes_the_zone_of_its_document(home: SmallHome, number: str, promised_at: str, due_at: str | None) -> None:
    assert home.rows("select promised_at::VARCHAR, due_at::VARCHAR from events where document_id = ?", number) == [(promised_at, due_at)]


def test_a_document_of_no_zone_waits_with_its_promise(home: SmallHome) -> None:
    waits = "select reason_code, payload->>'document_id' from quarantine group by all having sum(sign) > 0"
    assert home.rows(waits) == [("zone_unknown", "NO-ZONE")]
    assert home.rows("select count(*) from quarantine where payload like '%local_fields%'") == [(0,)]


def test_a_document_that_names_no_place_has_the_zone_of_its_supplier_whenever_that_is_known(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    suppliers = "supplier_code,supplier_name,supplier_kind,time_zone,valid_from\nSUP,Supplier,manufacturer,{},2000-01-01T00:00:00Z\n"
    confirmed = supply("po_confirmed", "P1", "2026-03-02T09:00:00", 5, promised_at="2026-03-30T10:00:00", location_code=None)
    promised = "select strftime(promised_at, '%d %H:%M') from events where feed = 'supply' group by all having sum(sign) > 0"
    home.deliver(**{"supply/1.jsonl": [confirmed]})
    assert home.set_aside() == [("zone_unknown", 1, 1)]
    for zone, at in (("America/New_York", "30 14:00"), ("Asia/Tokyo", "30 01:00")):
        home.deliver(**{f"reference/suppliers-{at[3:5]}.csv": suppliers.format(zone)})
        assert home.rows(promised) == [(at,)]
    assert home.set_aside() == []
    # where it is to arrive goes before it
    home.deliver(**{"supply/2.jsonl": [{**confirmed, "document_id": "P2", "location_code": "DC"}]})
    assert sorted(home.rows(promised)) == [("30 01:00",), ("30 08:00",)]


def test_of_a_notice_the_highest_revision_counts(home: SmallHome, tmp_path: Path) -> None:
    in_transit = "select sum(delta)::INT from codes where place = 'TRANSIT'"
    assert home.rows(in_transit) == [(12,)]
    assert home.rows("select units::INT from events where event_kind = 'recadv' group by all having sum(sign) > 0") == [(19,)]
    late = SmallHome(tmp_path)
    late.deliver(**{"supply/1.jsonl": [supply("asn", "A1", "2026-03-05T09:00:00+01:00", 20, source_revision=2)]})
    late.deliver(**{"supply/2.jsonl": [supply("asn", "A1", "2026-03-05T09:00:00+01:00", 24)]})
    assert late.rows(in_transit) == [(20,)]
