"""A world of a few shops in four months, with everything a chain has to explain: written as files, from a seed.

Some item-places order, some are already ordered for, some have no terms, no price, no demand, no history; purchase orders
are on time, late, forgotten and far off; goods are in transit, held, owned by others; names try to break a page.
"""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

AS_OF = "2026-06-01T06:00:00+02:00"
FIRST = datetime(2026, 2, 1, 8, tzinfo=UTC)
LAST = datetime(2026, 5, 31, 18, tzinfo=UTC)
PLACES = ("DC1", "PAR", "LIS", "NAN", "NEW")
ITEMS = 60
EVIL_NAME = "<script>alert('x')</script> & =cmd|' /C calc'!A0"
EVIL, AT_SIGN, BUNDLE, NEVER = "=cmd<b>", "A@B", "DUO", "NEVER"


def write_world(folder: Path, seed: int) -> Path:
    """The landing folder of the world."""
    dice = random.Random(seed)
    codes = [EVIL, AT_SIGN, *(f"I-{number:02d}" for number in range(2, ITEMS))]
    _reference(folder / "reference", codes, dice)
    lines: dict[str, list[dict[str, Any]]] = {"wms": [], "pos": [], "supply": [], "marketplace": []}
    for number, code in enumerate(codes):
        for place in PLACES[:-1]:
            if dice.random() < 0.93:
                _life(lines, dice, number, code, place)
    _open_documents(lines, dice, codes)
    for feed, rows in lines.items():
        rows.sort(key=lambda row: str(row["occurred_at"]))
        (folder / feed).mkdir(parents=True)
        for part in range(3):  # cut into files, so that a line's file matters
            name = folder / feed / f"part-{part}.jsonl"
            name.write_text("".join(json.dumps(row) + "\n" for row in rows[part::3]), encoding="utf-8")
    return folder


def _reference(folder: Path, codes: list[str], dice: random.Random) -> None:
    names = {EVIL: EVIL_NAME, AT_SIGN: "An item with an at sign", BUNDLE: "Two together", NEVER: "Never seen"}
    items = [
        {"item_code": code, "item_name": names.get(code, f"Item {code} $x_1$ été"), "item_kind": "bundle" if code == BUNDLE else "stock",
         "category": dice.choice(["food", "home"]), "base_uom_code": "EA", "unit_cost_amount": dice.choice(["1.25", "8.40", "0.31"]),
         "unit_price_amount": "19.90", "currency_code": "EUR", "shelf_life_days": 20 if number % 7 == 3 else ""}
        for number, code in enumerate([*codes, BUNDLE, NEVER])
    ]  # fmt: skip
    places = [
        {"location_code": place, "location_name": f"Place {place}", "location_kind": "dc" if place == "DC1" else "store",
         "time_zone": "Europe/Lisbon" if place == "LIS" else "Europe/Paris", "country_code": "FR"}
        for place in PLACES
    ]  # fmt: skip
    terms = []
    for number, code in enumerate(codes):
        if number % 9 == 4:
            continue  # nobody's terms cover it
        price = "" if number % 11 == 5 else dice.choice(["1.25", "8.40", "0.31"])
        terms.append({"supplier_code": "S-ONE" if number % 2 else "S-TWO", "item_code": code, "location_code": "*", "lead_time_days": dice.choice([3, 9, 14]),
                      "moq_units": dice.choice(["", 6, 24]), "multiple_units": dice.choice(["", 6, 12]), "unit_cost_amount": price,
                      "currency_code": "EUR" if price else "", "order_cost_amount": "" if number % 13 == 6 or not price else "4.00"})  # fmt: skip
        if number % 5 == 0:
            terms.append({**terms[-1], "supplier_code": "S-DEAR", "unit_cost_amount": "99.00", "currency_code": "EUR"})
    suppliers = [
        {"supplier_code": code, "supplier_name": f"Supplier {code}", "supplier_kind": "manufacturer"}
        for code in ("S-ONE", "S-TWO", "S-DEAR")
    ]
    channels = [
        {"channel_code": "store", "channel_name": "Shops", "channel_kind": "store", "time_zone": ""},
        {"channel_code": "web", "channel_name": "Web", "channel_kind": "web", "time_zone": "Europe/Paris"},
    ]
    bom = [{"kit_item_code": BUNDLE, "component_item_code": codes[5], "component_units": 2}]
    networks = [{"channel_code": "web", "location_code": "DC1", "priority": 1}]
    tables = {
        "items": items,
        "locations": places,
        "terms": terms,
        "suppliers": suppliers,
        "channels": channels,
        "bom": bom,
        "networks": networks,
    }
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _life(lines: dict[str, list[dict[str, Any]]], dice: random.Random, number: int, code: str, place: str) -> None:
    """Four months of an item at a place: opening, sales at its own pace, and for some receipts of purchase orders."""
    pace = dice.choice([0.0, 0.02, 0.15, 0.5, 0.95])
    stock = dice.choice([0, 3, 30, 200]) if pace else dice.choice([0, 5])
    supplier = "S-ONE" if number % 2 else "S-TWO"
    if stock:
        _wms(lines, dice, "opening", FIRST, place, code, stock)
    for day in range(1, (LAST - FIRST).days):
        at = FIRST + timedelta(days=day, minutes=dice.randrange(500))
        if dice.random() < pace and stock > 0:
            units = min(stock, dice.choice([1, 1, 2, 5]))
            stock -= units
            lines["pos"].append({"event_kind": "sale", "location_code": place, "register_no": "1", "document_id": f"{place}-{number}-{day}",
                                 "document_line": 1, "occurred_at": at.isoformat(), "item_code": code, "quantity": units})  # fmt: skip
        if place != "NAN" and number % 3 == 0 and day % 19 == 7:
            ordered, days = f"PO-{place}-{number}-{day}", dice.choice([3, 4, 9])
            received = at + timedelta(days=days)
            _po(lines, "po_created", at, place, code, supplier, ordered, 24)
            if received < LAST:
                _wms(
                    lines,
                    dice,
                    "receipt",
                    received,
                    place,
                    code,
                    24,
                    supplier_code=supplier,
                    document_kind="po",
                    document_id=ordered,
                    document_line=1,
                )
                _wms(lines, dice, "putaway", received + timedelta(hours=1), place, code, 20)
                stock += 20


def _open_documents(lines: dict[str, list[dict[str, Any]]], dice: random.Random, codes: list[str]) -> None:
    """What is still to come or promised: orders due at every distance, notices, transfers, web orders; and odd stock."""
    for number, code in enumerate(codes):
        place = PLACES[number % 4]
        promised = LAST + timedelta(days=dice.choice([-60, -10, 2, 5, 60]))
        if number % 4 != 3:
            at = LAST - timedelta(days=70)
            _po(lines, "po_created", at, place, code, "S-ONE", f"OPEN-{number}", 36, promised_at=promised.isoformat())
        if number % 6 == 1:
            at = LAST - timedelta(days=dice.choice([2, 50]))
            _po(lines, "asn", at, place, code, "S-ONE", f"ASN-{number}", 12, promised_at=(at + timedelta(days=3)).isoformat())
        if number % 6 == 2:
            _wms(lines, dice, "transfer_ship", LAST - timedelta(days=1), "DC1", code, 4, document_kind="to", document_id=f"T-{number}",
                 document_line=1, to_location_code="PAR")  # fmt: skip
        if number % 5 == 2:
            lines["marketplace"].append({"event_kind": "order_placed", "channel_code": "web", "document_id": f"WEB-{number}", "document_line": 1,
                                         "occurred_at": (LAST - timedelta(days=1)).isoformat(), "item_code": code, "quantity": dice.choice([1, 60])})  # fmt: skip
        if number % 10 == 7:
            lines["marketplace"].append({"event_kind": "backorder_accepted", "channel_code": "web", "document_id": f"BACK-{number}", "document_line": 1,
                                         "occurred_at": (LAST - timedelta(days=2)).isoformat(), "item_code": code, "quantity": 9, "location_code": "DC1",
                                         "promised_at": (LAST + timedelta(days=9)).isoformat()})  # fmt: skip
        if number % 8 == 3:
            _wms(lines, dice, "status_change", LAST - timedelta(days=3), place, code, 1, stock_state="sellable_not_accessible" if place == "DC1"
                 else "sellable_accessible", to_stock_state="damaged", reason_code="broken")  # fmt: skip
            _wms(lines, dice, "opening", FIRST, "NEW", code, 7, owner_code="S-DEAR")


def _wms(
    lines: dict[str, list[dict[str, Any]]], dice: random.Random, kind: str, at: datetime, place: str, code: str, units: int, **more: Any
) -> None:
    event = {"event_kind": kind, "source_event_id": f"W{len(lines['wms'])}", "location_code": place, "occurred_at": at.isoformat()}
    lines["wms"].append({**event, "item_code": code, "quantity": units, **more})


def _po(
    lines: dict[str, list[dict[str, Any]]],
    kind: str,
    at: datetime,
    place: str,
    code: str,
    supplier: str,
    document: str,
    units: int,
    **more: Any,
) -> None:
    event = {"event_kind": kind, "document_kind": "asn" if kind == "asn" else "po", "document_id": document, "document_line": 1}
    lines["supply"].append(
        {
            **event,
            "supplier_code": supplier,
            "location_code": place,
            "occurred_at": at.isoformat(),
            "item_code": code,
            "quantity": units,
            **more,
        }
    )
