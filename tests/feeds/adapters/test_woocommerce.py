"""WooCommerce's orders and refunds become marketplace lines through the mappings that are shipped; all else of it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feeds.landed import SAMPLES, Landed, land, land_file
from pipelines.feeds.adapters.registry import adapter_for
from pipelines.feeds.adapters.shipped import mapping_in
from pipelines.feeds.reading.rows import Refused

SHOP = SAMPLES / "marketplace" / "woocommerce"
PAGE: list[dict[str, Any]] = json.loads((SHOP / "orders.json").read_text())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The samples in a folder of their own."""
    folder = tmp_path_factory.mktemp("shop")
    for path in SHOP.glob("*.json"):
        target = folder / "landing" / "marketplace" / "boutique" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return land(folder / "home", folder / "landing")


def lines_of(landed: Landed, document: str) -> list[tuple[Any, ...]]:
    """Kind, line, item, units and time of each line of an order, each said once."""
    events = landed.events().filter(pl.col("document_id") == document).unique(["key_hi", "key_lo", "payload_hash"])
    columns = ["event_kind", "document_line", "item_code", "quantity", "occurred_at"]
    return sorted((kind, line, item, float(units), str(at)[:16]) for kind, line, item, units, at in events.select(columns).rows())


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ("7001", [("order_placed", "501", "MUG", 2, "2026-03-02 09:05"), ("order_placed", "502", "TEE-M", 1, "2026-03-02 09:05"),
                  ("order_shipped", "501", "MUG", 2, "2026-03-04 09:05"), ("order_shipped", "502", "TEE-M", 1, "2026-03-04 09:05"),
                  ("refund", "501", "MUG", 1, "2026-03-06 09:00")]),
        ("7002", [("order_placed", "503", "TEA", 3, "2026-03-02 09:30"), ("order_shipped", "503", "TEA", 3, "2026-03-03 09:00"),
                  ("refund", "503", "TEA", 1, "2026-03-06 10:00")]),
        ("7003", [("order_placed", "504", "MUG", 1, "2026-03-03 09:10"), ("order_placed", "505", "woocommerce:34", 1, "2026-03-03 09:10")]),
        ("7004", [("order_cancelled", "506", "TEA", 2, "2026-03-04 09:00"), ("order_placed", "506", "TEA", 2, "2026-03-03 09:20")]),
        ("7005", [("order_cancelled", "507", "MUG", 5, "2026-03-03 09:22"), ("order_placed", "507", "MUG", 5, "2026-03-03 09:21")]),
        ("7006", [("order_cancelled", "508", "TEE-M", 1, "2026-03-05 09:00"), ("order_placed", "508", "TEE-M", 1, "2026-03-03 09:40")]),
        ("7007", []),
        ("7008", [("order_placed", "510", "MUG", 1, "2026-03-05 09:30")]),
    ],
)  # fmt: skip
def test_an_order_is_placed_and_what_its_state_says_follows(document: str, lines: list[tuple[Any, ...]], shop: Landed) -> None:
    assert lines_of(shop, document) == lines


def test_an_order_that_comes_again_in_another_state_contradicts_nothing(shop: Landed) -> None:
    events = shop.events()
    twice = events.group_by("key_hi", "key_lo").agg(pl.col("payload_hash").n_unique(), pl.len())
    assert twice.filter(pl.col("len") > 1).height == 2
    assert twice["payload_hash"].max() == 1


def test_the_channel_is_the_folder_and_prices_are_rounded_not_cut(shop: Landed) -> None:
    events = shop.events()
    assert set(events["channel_code"]) == {"boutique"}
    assert float(events.filter(pl.col("document_line") == "502")["unit_price_amount"].drop_nulls()[0]) == 14.6667
    assert set(events["currency_code"].drop_nulls()) == {"EUR"}


def test_what_is_refused_is_named(shop: Landed) -> None:
    told = sorted(reason.partition(":")[0] for reason in shop.rejects()["reason"])
    assert told == ["WooCommerce order that is a draft, or has no lines", "WooCommerce refund of money alone"]
    assert all(one.rows_in == one.rows_parsed + one.rows_rejected for one in shop.manifests)


def test_nothing_about_people_reaches_the_spool(shop: Landed) -> None:
    files = [path for path in shop.spool.root.rglob("*") if path.is_file()]
    assert files
    for path in files:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else path.read_text(errors="replace")
        text = frame.write_ndjson() if isinstance(frame, pl.DataFrame) else frame
        assert not any(word in text for word in ("Petit", "jeanne@", "Lilas", "06 12")), path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("order.json", json.dumps(PAGE[0])),
        ("order.json", json.dumps(PAGE[:1])),
        ("order.json", "\ufeff" + json.dumps(PAGE[0], indent=2)),
        ("orders.json", json.dumps(PAGE[0]) + "\n" + json.dumps(PAGE[1]) + "\n"),
        ("orders.jsonl", json.dumps(PAGE[0]) + "\n" + json.dumps(PAGE[1]) + "\n"),
    ],
    ids=["one", "list", "indented", "lines", "lines by name"],
)
def test_an_order_is_the_same_alone_in_a_list_and_on_a_line(name: str, content: str, tmp_path: Path) -> None:
    landed = land_file(tmp_path, f"marketplace/boutique/{name}", content)
    assert lines_of(landed, "7001") == [
        ("order_placed", "501", "MUG", 2, "2026-03-02 09:05"),
        ("order_placed", "502", "TEE-M", 1, "2026-03-02 09:05"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"line_items": "none"}, "line_items[]: an object with fields is expected"),
        ({"date_created_gmt": "yesterday"}, "occurred_at 'yesterday'"),
        ({"currency": None}, "currency_code: an amount needs a currency_code"),
        ({"id": None}, "document_id: a required field is missing"),
    ],
)
def test_an_order_that_lacks_something_says_what(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    landed = land_file(tmp_path, "marketplace/boutique/order.json", json.dumps([{**PAGE[0], **change}, PAGE[1]]))
    assert landed.rejects().height >= 1
    assert all(one.startswith(reason) for one in landed.rejects()["reason"]), landed.rejects()["reason"].to_list()
    assert lines_of(landed, "7002") != []  # it stops no other


@pytest.mark.parametrize(
    ("document", "title"),
    [
        (
            {"id": 1, "catalog_visibility": "visible", "permalink": "x", "name": "Mug"},
            "WooCommerce product (items come through the feed reference)",
        ),
        ({"id": 1, "is_paying_customer": True, "billing": {}}, "WooCommerce customer"),
        ({"id": 1, "individual_use": False, "discount_type": "percent"}, "WooCommerce coupon"),
        ({"webhook_id": "4"}, "WooCommerce webhook's test"),
        ({"code": "woocommerce_rest_cannot_view", "message": "no", "data": {"status": 401}}, "WooCommerce error answer"),
        (
            {"slug": "x", "_links": {"self": [{"href": "https://a.example/wp-json/wc/v3/products/tags/5"}]}},
            "WooCommerce document of products/tags",
        ),
        ({"id": 5}, "notice that something was deleted (nothing but its id, as web shops send it)"),
    ],
)
def test_other_documents_are_named(document: dict[str, Any], title: str) -> None:
    with pytest.raises(Refused) as refused:
        adapter_for(document, "marketplace")
    assert (refused.value.code, refused.value.field) == ("unusable_document", title)


def test_an_order_in_another_feeds_folder_is_told_where_it_belongs(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "wms/boutique/order.json", json.dumps(PAGE[0]))
    assert landed.rejects()["reason_code"].to_list() == ["other_feed"]


def test_a_shipped_mapping_must_be_one_of_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('feed = "promo"\n[columns]\n')
    with pytest.raises(Exception, match="mapping"):
        mapping_in(path)
