"""Legal events that look odd, each of which once could stop everybody's tables: all of them are published, with the right figures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from pipelines import stages
from pipelines.quality.gates import blocked_by
from tests.worlds.small_home import SmallHome, pos, wms

pytestmark = pytest.mark.timeout(900)


def clock() -> datetime:
    return datetime(2026, 4, 2, 6, tzinfo=UTC)


def order(document: str, line: int, units: int, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": "order_placed", "channel_code": "web", "document_id": document, "document_line": line, "item_code": "TEE",
        "occurred_at": "2026-03-04T10:00:00+01:00", "quantity": units, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """Two builds: what went out is in the first, what takes it back on later days in the second."""
    home = SmallHome(tmp_path_factory.mktemp("odd"))
    home.deliver(**{
        "wms/out.jsonl": [
            wms("O1", "opening", "2026-03-01T08:00:00", "DC", "TEE", 50),
            wms("O2", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 20),
            wms("S1", "ship", "2026-03-02T10:00:00", "DC", "TEE", 4, document_kind="so", document_id="v1", document_line=1),
        ],
        "pos/out.jsonl": [pos("P1", 1, "sale", "2026-03-02T10:00:00", "TEE", 3)],
    })  # fmt: skip
    stages.build(home.home, clock=clock)
    home.deliver(**{
        "wms/back.jsonl": [
            wms("V1", "void_ship", "2026-03-03T10:00:00", "DC", "TEE", 4, ref_document_kind="ship", ref_document_id="S1"),
            wms("C1", "count", "2026-03-05T10:00:00", "PAR", "MUG", 60_000),
        ],
        "pos/back.jsonl": [
            pos("P1", 1, "sale_void", "2026-03-04T10:00:00", "TEE", 3, business_on="2026-03-02"),
            pos("P2", 1, "sale", "2026-03-05T10:00:00", "MUG", 60_000),
            pos("P2", 2, "sale", "2026-03-05T10:00:00", "MUG", 1, unit_price_amount="-2.00", currency_code="EUR"),
            pos("P3", 1, "return", "2026-03-05T10:00:00", "MUG", 1, unit_price_amount="-2.00", currency_code="EUR"),
        ],
        "marketplace/orders.jsonl": [
            order("n1", 1, 2), order("n1", 2, 3, unit_price_amount="5.00", currency_code="EUR"),
            order("n2", 1, 1, unit_price_amount="-5.00", currency_code="EUR"),
        ],
    })  # fmt: skip
    stages.build(home.home, clock=clock)
    return home


def ask(home: SmallHome, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.home.published_file.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def days(home: SmallHome, item: str, location: str) -> list[tuple[Any, ...]]:
    return ask(
        home,
        f"""
        select day(stock_on), opening_units, in_units, out_units, closing_units
        from stock.daily join core.dim_item using (item_id) join core.dim_location using (location_id)
        where item_code = '{item}' and location_code = '{location}' order by stock_on""",
    )


def test_nothing_blocks(home: SmallHome) -> None:
    assert blocked_by(home.home) == []
    assert ask(home, "select count(*)::int from ops.gates where is_blocked") == [(0,)]


def test_a_shipment_taken_back_on_the_next_day_came_in(home: SmallHome) -> None:
    assert days(home, "TEE", "DC") == [(1, 0, 50, 0, 50), (2, 50, 0, 4, 46), (3, 46, 4, 0, 50)]


def test_a_sale_voided_days_later_is_taken_back(home: SmallHome) -> None:
    found = days(home, "TEE", "PAR")
    assert found[-1][-1] == 20
    assert all(came >= 0 and went >= 0 and opened + came - went == closed for _, opened, came, went, closed in found)


def test_restatements_tell_the_same_figures_as_the_day(home: SmallHome) -> None:
    assert ask(
        home,
        "select count(*)::int from ops.restatements where least(in_units_before, in_units_after, out_units_before, out_units_after) < 0",
    ) == [(0,)]


def test_a_discount_is_set_aside_alone_and_goods_that_come_back_are_taken(home: SmallHome) -> None:
    assert ask(home, "select feed, line_no::int, reason_code from ops.quarantine order by all") == [
        ("marketplace", 3, "discount_line"), ("pos", 3, "discount_line"),
    ]  # fmt: skip
    assert ask(
        home, "select sum(gross_units)::int from demand.daily join core.dim_channel using (channel_id) where channel_code = 'web'"
    ) == [(5,)]


def test_a_line_of_many_units_is_a_line(home: SmallHome) -> None:
    # 60,000 counted, as of that instant after 60,000 sold; one came back, the discount is none.
    assert days(home, "MUG", "PAR") == [(5, 0, 120_001, 60_000, 60_001)]
