"""Shopify's orders from the landing folder to what they reserve, by the marts' own formula: placed, edited, sent, refunded, cancelled, told twice."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import jinja2
import pytest

from feeds.landed import AS_OF, ROOT, SAMPLES
from pipelines import stages
from pipelines.settings import Home, Settings

SHOP = SAMPLES / "marketplace" / "shopify"
AT_ONCE = Settings(settle_seconds=0)
ORDERS = jinja2.Environment().from_string((ROOT / "dbt_project" / "macros" / "orders.sql").read_text()).module
OPENING = "".join(
    json.dumps({"event_kind": "opening", "source_event_id": f"O-{item}", "location_code": "DC1", "occurred_at": "2026-03-01T00:00:00+01:00",
                "item_code": item, "quantity": 20}) + "\n" for item in ("MUG", "TEE-M", "TEA")
)  # fmt: skip
SHIP = json.dumps(
    {"event_kind": "ship", "source_event_id": "W-1", "location_code": "DC1", "occurred_at": "2026-03-03T14:00:00+01:00", "item_code": "MUG",
     "quantity": 2, "document_kind": "so", "document_id": "5001001", "document_line": "11001", "channel_code": "shopify"}
)  # fmt: skip
PLACES = "location_code,location_name,location_kind,time_zone\n655001,Third party,channel_fulfilment,Europe/Paris\n655002,Counter,store,Europe/Paris\n"

MORE_PLACES = "655101,Yard,store,Europe/Paris\n655102,Loft,store,Europe/Paris\n"


class Shop:
    """A home that takes one landing folder after another, each known an hour after the last."""

    def __init__(self, folder: Path) -> None:
        self.home, self._folder, self._count = Home(folder / "home"), folder, 0

    def take(self, *names: str, folder: str = "marketplace/shopify", **more: str) -> None:
        """Take samples by name, and files by path."""
        self._count += 1
        landing = self._folder / str(self._count)
        for name in names:
            path = landing / folder / f"{self._count}-{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SHOP / f"{name}.json", path)
        for uri, content in more.items():
            (landing / uri).parent.mkdir(parents=True, exist_ok=True)
            (landing / uri).write_text(content)
        if self._count == 1:
            shutil.copytree(SAMPLES / "reference", landing / "reference")
        known_at = AS_OF + timedelta(hours=self._count)
        stages.ingest(self.home, landing, clock=lambda: known_at, engine="direct", settings=AT_ONCE)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """A question to the ledger's files: its tables by name, and the order lines as the marts reckon them."""
        tables = json.loads((self.home.ledger / "current.json").read_text())["tables"]
        with duckdb.connect() as con:
            for name, table in tables.items():
                con.execute(f"create view {name} as from read_parquet({[str(self.home.ledger / file['path']) for file in table['files']]})")
            con.execute(f"create view order_lines as {ORDERS.order_lines('events', 'movements')}")
            return con.execute(query).fetchall()

    def reserved(self) -> dict[object, object]:
        """Units that open order lines hold, by item."""
        return dict(self.ask("""
            select item_code, sum(open_units)::INT from order_lines join (select distinct item_id, item_code from items) using (item_id)
            group by all having sum(open_units) > 0"""))  # fmt: skip

    def on_hand(self, place: str) -> dict[object, object]:
        """Units at a place, by item."""
        return dict(self.ask(f"""
            select item_code, sum(units)::INT from (
                select item_id, to_location_id as location_id, units from movements
                union all select item_id, from_location_id, -units from movements)
            join (select distinct item_id, item_code from items) using (item_id)
            join (select distinct location_id, location_code from locations) using (location_id)
            where location_code = '{place}' group by all"""))  # fmt: skip

    def reasons(self) -> dict[object, object]:
        """What waits or is refused, by reason."""
        return dict(self.ask("select reason_code, sum(sign)::INT from quarantine group by all having sum(sign) > 0"))

    def stands(self) -> list[tuple[object, ...]]:
        """The documents that stand, and the hash of the movements."""
        documents = self.ask("""
            select event_kind, document_id, document_line, units::INT, source_revision, reason_code from events
            group by all having sum(sign) > 0 order by all""")  # fmt: skip
        return [*documents, (json.loads((self.home.ledger / "current.json").read_text())["ledger_hash"],)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The home before any order: 20 of each item in the warehouse."""
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.take(**{"wms/opening.jsonl": OPENING})
    return made


def test_an_order_reserves_until_it_left_or_never_will(shop: Shop) -> None:
    assert shop.reserved() == {}
    shop.take("order_created")
    assert shop.reserved() == {"MUG": 2, "TEE-M": 1, "TEA": 3}
    shop.take("order_edited")
    assert shop.reserved() == {"MUG": 3, "TEE-M": 1, "TEA": 3}
    shop.take("order_partially_fulfilled")
    assert shop.reserved() == {"MUG": 1, "TEE-M": 1, "TEA": 3}
    shop.take(**{"wms/ship.jsonl": SHIP})  # the warehouse tells the same shipment
    assert shop.reserved() == {"MUG": 1, "TEE-M": 1, "TEA": 3}
    shop.take("order_refunded")
    assert shop.reserved() == {"MUG": 1, "TEE-M": 1, "TEA": 2}
    assert shop.on_hand("DC1") == {"MUG": 18, "TEA": 20, "TEE-M": 20}
    # the line that names no item is told each time, the variant without SKU waits once; reference has one more without
    assert shop.reasons() == {"missing_field": 5, "unknown_item": 1}

    shop.take("orders_page")  # a fraud, a counter's and a shipment that wait for their places, and two teas removed
    assert shop.reserved() == {"MUG": 3, "TEE-M": 1, "TEA": 3}
    assert shop.reasons() == {"missing_field": 5, "unknown_item": 1, "unknown_location": 2}
    shop.take(**{"reference/locations.csv": PLACES})
    assert shop.reserved() == {"MUG": 2, "TEE-M": 2, "TEA": 3}  # the counter has not handed it over
    # sent by the third party: that is a movement, as no warehouse tells it
    assert shop.on_hand("655001") == {"MUG": -1}

    before = shop.stands()
    shop.take(
        "refunds", "order_refunded", "fulfillment_created", "orders_page", "order_partially_fulfilled", "order_created", "order_edited"
    )
    assert shop.stands() == before
    assert shop.reserved() == {"MUG": 2, "TEE-M": 2, "TEA": 3}
    assert "conflicting_payload" not in shop.reasons()


def test_a_level_waits_until_somebody_can_say_which_item_it_is(shop: Shop) -> None:
    level = {"inventory_item_id": 39777, "location_id": 655001, "updated_at": "2026-03-05T18:00:00+01:00"}
    shop.take(
        **{"reference/locations.csv": PLACES, "wms/shopify/levels.json": json.dumps({"inventory_levels": [level | {"available": -3}]})}
    )
    standing = "select reason from quarantine where feed = 'wms' and is_waiting group by all having sum(sign) > 0"
    assert shop.ask(standing) == [("no reference row names item gid://shopify/InventoryItem/39777",)]
    assert shop.ask("select count(*) from events where event_kind = 'snapshot'") == [(0,)]
    product = {"id": 7005, "handle": "tea", "variants": [{"id": 7105, "sku": "TEA", "inventory_item_id": 39777}]}
    shop.take(**{"reference/shopify/product.json": json.dumps({"product": product})})
    # what the shop thinks that it has, below 0 too, is compared and posts nothing
    assert shop.ask(standing) == []
    told = "select item_code, units::INT from events join (select distinct item_id, item_code from items) using (item_id) where event_kind = 'snapshot'"
    assert shop.ask(told) == [("TEA", -3)]
    shop.take(**{"wms/shopify/later.json": json.dumps(level | {"available": 4, "updated_at": "2026-03-06T18:00:00+01:00"})})
    assert sorted(shop.ask(told)) == [("TEA", -3), ("TEA", 4)]


def test_products_variants_and_inventory_items_say_which_item_an_id_is(shop: Shop) -> None:
    variant = {"id": 7106, "sku": "MUG", "price": "9.90", "inventory_quantity": 1, "inventory_item_id": 39778}
    item = {"id": 39779, "sku": "TEA", "tracked": True, "admin_graphql_api_id": "gid://shopify/InventoryItem/39779"}
    shop.take(
        **{
            "reference/shopify/variants.json": json.dumps({"variants": [variant, variant | {"id": 7107, "sku": None, "inventory_item_id": 1}]}),
            "reference/shopify/inventory_item.json": json.dumps(item),
            "reference/item_codes.csv": "vendor_code,item_code\nOLD-1,TEA\n",
            "wms/shop/levels.json": json.dumps(
                [{"inventory_item_id": one, "location_id": 655101, "available": 1, "updated_at": "2026-03-05T18:00:00+01:00"} for one in (39778, 39779)]
            ),
            "reference/locations.csv": PLACES + MORE_PLACES,
            "wms/lines.jsonl": "".join(
                json.dumps({"event_kind": "opening", "source_event_id": code, "location_code": "655101", "occurred_at": "2026-03-01T00:00:00+01:00",
                            "item_code": code, "item_code_kind": "vendor", "quantity": quantity}) + "\n"
                for code, quantity in (("OLD-1", 5), ("39778", 2))
            ),
        }
    )  # fmt: skip
    assert shop.on_hand("655101") == {"TEA": 5, "MUG": 2}
    told = """
        select item_code from events join (select distinct item_id, item_code from items) using (item_id)
        join locations using (location_id) where event_kind = 'snapshot' and location_code = '655101' order by all"""
    assert shop.ask(told) == [("MUG",), ("TEA",)]
    assert ("missing_field",) in shop.ask("select reason_code from quarantine where feed = 'reference'")  # a variant without an SKU


def test_products_of_which_only_some_fields_were_asked_for_still_name_their_items(shop: Shop) -> None:
    variants = [{"id": number, "sku": "TEA", "inventory_item_id": 39000 + number} for number in range(1, 5)]
    asked = (
        {"products": [{"id": 1, "variants": variants[:1]}]}, {"product": {"id": 2, "title": "Tea", "variants": variants[1:2]}},
        {"variants": variants[2:3]}, {"variant": variants[3] | {"product_id": 4}},
    )  # fmt: skip
    levels = [
        {"inventory_item_id": 39000 + number, "location_id": 655103, "available": 1, "updated_at": f"2026-03-0{number}T18:00:00+01:00"}
        for number in range(1, 5)
    ]
    files = {f"reference/shopify/some-{number}.json": json.dumps(document) for number, document in enumerate(asked)}
    place = "location_code,location_kind,time_zone\n655103,store,Europe/Paris\n"
    shop.take(**files, **{"wms/shop/some-levels.json": json.dumps(levels), "reference/locations-some.csv": place})
    told = """
        select item_code, count(*)::INT from events join (select distinct item_id, item_code from items) using (item_id)
        join locations using (location_id) where event_kind = 'snapshot' and location_code = '655103' group by all"""
    assert shop.ask(told) == [("TEA", 4)]


def test_a_code_that_comes_to_mean_another_item_posts_again(shop: Shop) -> None:
    line = {"event_kind": "opening", "source_event_id": "V1", "location_code": "655102", "occurred_at": "2026-03-01T00:00:00+01:00",
            "item_code": "C-9", "item_code_kind": "vendor", "quantity": 3}  # fmt: skip
    shop.take(
        **{
            "reference/locations.csv": PLACES + MORE_PLACES,
            "reference/item_codes.csv": "vendor_code,item_code\nC-9,TEA\n",
            "wms/v.jsonl": json.dumps(line) + "\n",
        }
    )
    assert shop.on_hand("655102") == {"TEA": 3}
    shop.take(**{"reference/item_codes.csv": "vendor_code,item_code,valid_from\nC-9,MUG,2026-01-01T00:00:00Z\n"})
    assert shop.on_hand("655102") == {"MUG": 3, "TEA": 0}
