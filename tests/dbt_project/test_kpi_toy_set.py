"""AT-25: three stockout rates and three service levels on one toy set, each with its own definition and to the unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.dbt_builds import build
from tests.worlds.kpi_world import Figures, figures
from tests.worlds.small_ledger import SmallLedger, number

SHELF = "DC/sellable_not_accessible"

# order: (placed, lines, promised on, delivered on); in brackets in the comment what could not be filled at once
ORDERS = {
    "O1": ("2026-01-01T12:00:00+01:00", {"A": 10, "B": 5}, "2026-01-03", "2026-01-03"),
    "O2": ("2026-01-01T13:00:00+01:00", {"C": 8}, "2026-01-03", "2026-01-02"),
    "O3": ("2026-01-01T14:00:00+01:00", {"D": 7}, "2026-01-03", "2026-01-03"),
    "O4": ("2026-01-02T00:00:00+01:00", {"A": 6}, "2026-01-04", "2026-01-05"),  # 5 of A are left: (1)
    "O5": ("2026-01-04T00:00:00+01:00", {"B": 4}, "2026-01-05", None),  # 2 of B are left: (2)
    "O6": ("2026-01-04T09:00:00+01:00", {"C": 9}, "2026-01-05", "2026-01-05"),
    "O7": ("2026-01-04T10:00:00+01:00", {"D": 8}, "2026-01-05", "2026-01-04"),
    "O8": ("2026-01-05T09:00:00+01:00", {"C": 5}, "2026-01-05", None),
}


def _stock(ledger: SmallLedger) -> None:
    """A is empty on 2 and 3 January, B on 2 and 4 January, both the whole day; C and D always have enough."""
    for item, units in (("A", 15), ("B", 6), ("C", 40), ("D", 40)):
        ledger.move("opening", "2026-01-01T00:00:00+01:00", item, units, "OPENING", SHELF)
    ledger.move("transfer_receive", "2026-01-04T00:00:00+01:00", "A", 20, "TRANSIT", SHELF)
    ledger.move("scrap", "2026-01-02T00:00:00+01:00", "B", 1, SHELF, "SCRAP")
    ledger.move("transfer_receive", "2026-01-03T00:00:00+01:00", "B", 2, "TRANSIT", SHELF)
    ledger.move("transfer_receive", "2026-01-05T00:00:00+01:00", "B", 20, "TRANSIT", SHELF)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("toy")
    ledger = SmallLedger(home)
    ledger.location("DC", location_kind="dc")
    ledger.channel("web", time_zone="Europe/Paris")
    ledger.network("web", "DC")
    ledger.location("SHOP")
    ledger.network("store", "SHOP")
    for item in "ABCD":
        ledger.item(item, category="toys")
        ledger.event("listing_on", "2026-01-01T00:00:00+01:00", item, None, channel="web")
        ledger.event("listing_off", "2026-01-06T00:00:00+01:00", item, None, channel="web")
    _stock(ledger)
    for order, (placed, lines, promised, delivered) in ORDERS.items():
        for line, (item, units) in enumerate(lines.items(), 1):
            document = {"channel": "web", "location": "DC", "document_kind": "so", "document_id": order, "document_line": str(line)}
            ledger.event("order_placed", placed, item, units, promised_at=f"{promised}T18:00:00+01:00", **document)
            if delivered:
                ledger.event("order_delivered", f"{delivered}T20:00:00+01:00", item, units, **document)
    ledger.commit()
    assert build(home) == []
    return home


def window(home: Path, code: str) -> Figures:
    """1 to 5 January, the month of the toy set."""
    return figures(home, code, "2026-01-01", "2026-01-31")


def test_two_of_four_references_are_out_of_stock_on_the_second(home: Path) -> None:
    assert figures(home, "oos_rate_refs", "2026-01-02", "2026-01-02") == (48, 96, 0.5)


def test_a_fifth_of_the_window_is_out_of_stock(home: Path) -> None:
    assert window(home, "oos_rate_refs") == (4 * 24, 20 * 24, 0.2)
    assert window(home, "oos_days") == (4 * 24, None, pytest.approx(4))


def test_a_quarter_of_the_orders_has_a_short_line(home: Path) -> None:
    assert window(home, "oos_rate_orders") == (2, 8, 0.25)
    assert window(home, "fill_rate_orders") == (6, 8, 0.75)


def test_three_of_sixty_two_units_are_short(home: Path) -> None:
    assert window(home, "oos_rate_demand") == (3, 62, pytest.approx(0.048387, abs=1e-6))
    assert window(home, "fill_rate_type2") == (59, 62, pytest.approx(0.951613, abs=1e-6))
    assert window(home, "fill_rate_lines") == (7, 9, pytest.approx(0.777778, abs=1e-6))


def test_five_of_eight_orders_came_in_time(home: Path) -> None:
    assert window(home, "service_rate_on_time") == (5, 8, 0.625)


def test_what_was_accepted_beyond_the_stock_is_oversold(home: Path) -> None:
    assert window(home, "oversell_units") == (3, None, 3)
    assert window(home, "oversell_orders_pct") == (2, 8, 0.25)


def test_the_channel_says_the_same_as_all(home: Path) -> None:
    web = str(number("web"))
    for code in ("oos_rate_refs", "oos_rate_orders", "oos_rate_demand", "service_rate_on_time", "fill_rate_type2"):
        assert figures(home, code, "2026-01-01", "2026-01-31", "channel", web) == window(home, code)
