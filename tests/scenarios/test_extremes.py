"""What an earlier version took, and what is taken at the very edge, breaks nothing behind the border: build, plan, export, brief, explain.

The home is filled with the bounds of reference data lifted, as a version without them would have filled it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.cli.main import call
from pipelines.feeds.spec import Column
from pipelines.owner.reference import plausible
from pipelines.publish.reader import run_sql
from pipelines.settings import Home

AS_OF = "2026-03-05T12:00Z"
REFERENCE = {
    "items": "item_code,item_name,base_uom_code,unit_cost_amount,unit_price_amount,currency_code,shelf_life_days\n"
    "BIG,Big,EA,10000000000,10000000000,EUR,2147483647\nODD,Odd,EA,1.5,3,EUR,0\nFREE,Free,EA,0,0,EUR,\n",
    "locations": "location_code,location_kind,time_zone,capacity_units,valid_to\n"
    "DC,dc,Pacific/Kiritimati,9000000000000000000,9999-12-31\nPAR,store,Pacific/Pago_Pago,,\n",
    "suppliers": "supplier_code,supplier_name\nSUP,Supplier\n",
    # what no version takes any more: 999,999,999 days, multiples beyond all goods
    "terms": "supplier_code,item_code,location_code,lead_time_days,moq_units,multiple_units,unit_cost_amount,currency_code,order_cost_amount,max_units,priority\n"
    "SUP,BIG,*,999999999,9000000000000000000,1,10000000000,EUR,10000000000,9000000000000000000,2147483647\n"
    "SUP,ODD,*,2147483647,1,9000000000000000000,1.5,EUR,0,0,0\nSUP,FREE,*,36500,1,1,0,EUR,,,\n",
    "uoms": "item_code,uom_code,numerator,denominator\nBIG,PAL,9000000000000000000,1\nODD,MG,1,9000000000000000000\n",
    "calendars": "calendar_code,day_kind,zone,starts_on,ends_on\nfr,event,*,1900-01-01,2200-12-31\n",
    "channels": "channel_code,channel_kind,time_zone\nweb,web,Pacific/Kiritimati\n",
}  # fmt: skip


def _lines() -> dict[str, list[dict[str, object]]]:
    items, sold = ("BIG", "ODD", "FREE"), "2026-01-{:02d}T23:30:00+14:00"
    stock = [
        {"event_kind": "opening", "source_event_id": f"O{item}{place}", "location_code": place, "occurred_at": "2026-01-01T00:00:00Z",
         "item_code": item, "quantity": 1_000_000}
        for item in items for place in ("DC", "PAR")
    ]  # fmt: skip
    return {
        "wms": [*stock, {
            "event_kind": "receipt", "source_event_id": "OLD", "location_code": "DC", "occurred_at": "2026-03-01T00:00:00+14:00", "item_code": "BIG", "quantity": 1,
            "supplier_code": "SUP", "document_kind": "po", "document_id": "P1", "document_line": 1, "lot_code": "L", "expires_on": "2200-12-31",
        }],
        "pos": [
            {"event_kind": "sale", "location_code": "PAR", "register_no": "1", "document_id": f"T{day}{item}", "document_line": 1, "occurred_at": sold.format(day),
             "item_code": item, "quantity": 50_000, "unit_price_amount": "100000", "currency_code": "EUR"}
            for day in range(1, 29) for item in items
        ] + [
            {"event_kind": "sale", "location_code": "PAR", "register_no": "1", "document_id": "TINY", "document_line": 1, "occurred_at": sold.format(5),
             "item_code": "ODD", "uom_code": "MG", "quantity": 1, "unit_price_amount": "10000000000", "currency_code": "EUR"},
        ],
        "supply": [
            {"event_kind": "po_created", "document_id": f"P{number}", "document_line": 1, "supplier_code": "SUP", "location_code": "DC", "occurred_at": at,
             "item_code": "BIG", "quantity": 1_000_000, "promised_at": "2200-12-31T23:59:59Z", "due_at": "2200-12-31", "unit_price_amount": "10000000000",
             "currency_code": "EUR"}
            for number, at in ((1, "2000-01-01T00:00:00Z"), (2, "2026-01-01T00:00:00Z"))
        ],
        "marketplace": [
            {"event_kind": "order_placed", "channel_code": "web", "document_id": "M1", "document_line": 1, "occurred_at": "2026-01-01T00:00:00Z", "item_code": "BIG",
             "quantity": 900_000, "promised_at": "2200-12-31T23:59:59Z", "unit_price_amount": "10000000000", "currency_code": "EUR"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extremes")
    for name, text in REFERENCE.items():
        path = folder / "landing" / "reference" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for feed, lines in _lines().items():
        (folder / "landing" / feed).mkdir()
        (folder / "landing" / feed / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.MonkeyPatch.context() as lifted:
        lifted.setattr(plausible, "_BOUNDS", {})
        lifted.setattr(Column, "most", property(lambda column: 10**13 if column.type == "decimal" else (1 << 63) - 1))
        assert call(["run", "--home", str(folder / "home"), "--from", str(folder / "landing"), "--as-of", AS_OF, "--json"]) == 0
    return folder / "home"


def test_what_an_earlier_version_took_is_in_the_ledger(home: Path) -> None:
    kept = run_sql(Home(home), "select max(lead_time_days), max(moq_units), max(multiple_units) from core.terms_history").rows
    assert kept == [(2_147_483_647, 9_000_000_000_000_000_000, 9_000_000_000_000_000_000)]


def test_a_price_that_cannot_be_said_for_one_base_unit_is_refused_alone(home: Path) -> None:
    told = run_sql(Home(home), "select reason_code, reason from ops.quarantine").rows
    assert told == [("absurd_amount", "10000000000 for one MG is more for one base unit than an amount can be")]


def test_a_lead_time_that_is_none_is_unknown_to_planning(home: Path) -> None:
    rows = run_sql(
        Home(home),
        "select i.item_code, p.lead_time_source, p.lead_time_days_mean::int from plan.safety_stock p join core.dim_item i using (item_id)"
        " join core.dim_location l using (location_id) where l.location_code = 'PAR' order by 1",
    ).rows
    sources = {code: source for code, source, _ in rows}
    assert sources["BIG"] == sources["ODD"] == "policy"
    assert ("FREE", "terms", 36_500) in rows


@pytest.mark.parametrize(
    "command",
    ["plan", "export", "brief", "explain BIG@DC", "explain BIG@PAR", "explain ODD@PAR", "explain FREE@PAR", "alerts", "rejects", "doctor"],
)
def test_every_command_says_what_it_has_to_say(command: str, home: Path) -> None:
    at = ["--as-of", AS_OF] if command == "plan" else []
    assert call([*command.split(), "--home", str(home), *at]) == 0
