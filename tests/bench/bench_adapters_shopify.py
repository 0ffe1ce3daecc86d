"""What reading Shopify's orders costs: `python tests/bench/bench_adapters_shopify.py [--pages N]`.

Makes N pages of 250 orders (the API's largest) of one to three lines, each a body as large as the Admin REST API sends it, and prints the CPU
time of the whole parse stage (`parse_block`) and of the first pass that counts rows, as orders a second and as multiples
of what `orjson.loads` alone takes for the same bytes. Best of five. The promise, whatever the machine: the parse stage
takes no longer than `orjson` takes to decode the documents whole, since it decodes of them only what it reads. A file is
read twice, once to count its rows and once to parse.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.adapters.documents import count_rows
from pipelines.feeds.parse import How, Task, parse_block
from pipelines.feeds.reading.derive import Context

PAGE = 250
AT = "2026-03-02T10:05:00+01:00"


def money(amount: str) -> dict[str, Any]:
    """An amount in both currencies, as every amount of an order is repeated."""
    return {side: {"amount": amount, "currency_code": "EUR"} for side in ("shop_money", "presentment_money")}


def line_item(number: int, chance: random.Random) -> dict[str, Any]:
    """A line with the fields that a line of the REST API has."""
    price = f"{chance.randint(1, 90)}.90"
    return {
        "id": number, "admin_graphql_api_id": f"gid://shopify/LineItem/{number}", "attributed_staffs": [], "current_quantity": 1,
        "fulfillable_quantity": 1, "fulfillment_service": "manual", "fulfillment_status": None, "gift_card": False, "grams": 200,
        "name": "Mug, glazed - green", "price": price, "price_set": money(price), "product_exists": True, "product_id": number // 3,
        "properties": [], "quantity": chance.choice((1, 1, 1, 2, 3)), "requires_shipping": True, "sku": f"SKU{chance.randint(1, 20_000):05d}",
        "taxable": True, "title": "Mug, glazed", "total_discount": "0.00", "total_discount_set": money("0.00"), "variant_id": number // 2,
        "variant_inventory_management": "shopify", "variant_title": "green", "vendor": "Terre", "duties": [], "discount_allocations": [],
        "tax_lines": [{"channel_liable": False, "price": "0.80", "price_set": money("0.80"), "rate": 0.2, "title": "VAT"}],
    }  # fmt: skip


def order(number: int, chance: random.Random) -> dict[str, Any]:
    """An order with the fields that the REST API sends, money in each of its forms."""
    address = {
        "first_name": "X", "last_name": "Y", "address1": "1 Example Road", "address2": None, "phone": None, "city": "Lille", "zip": "59000",
        "province": None, "country": "France", "company": None, "latitude": 50.6, "longitude": 3.1, "name": "X Y", "country_code": "FR",
    }  # fmt: skip
    totals = ("subtotal_price", "total_price", "total_tax", "total_discounts", "total_line_items_price", "current_total_price",
              "current_subtotal_price", "current_total_tax", "current_total_discounts")  # fmt: skip
    lines = [line_item(10 * number + each, chance) for each in range(chance.randint(1, 3))]
    body: dict[str, Any] = {
        "id": number, "admin_graphql_api_id": f"gid://shopify/Order/{number}", "app_id": 580111, "browser_ip": None, "buyer_accepts_marketing": False,
        "cancel_reason": None, "cancelled_at": None, "cart_token": None, "checkout_id": number + 1, "checkout_token": "t" * 32,
        "client_details": {"accept_language": "fr", "browser_height": None, "browser_ip": None, "browser_width": None, "user_agent": "a" * 80},
        "closed_at": None, "confirmed": True, "contact_email": None, "created_at": AT, "currency": "EUR", "customer_locale": "fr",
        "discount_codes": [], "email": None, "financial_status": "paid", "fulfillment_status": None, "landing_site": "/", "location_id": None,
        "name": f"#{number}", "note": None, "note_attributes": [], "number": number, "order_number": number,
        "order_status_url": "https://shop.example/" + "u" * 90, "payment_gateway_names": ["shopify_payments"], "phone": None,
        "presentment_currency": "EUR", "processed_at": AT, "referring_site": "", "source_name": "web", "tags": "", "tax_lines": [],
        "taxes_included": True, "test": False, "token": "k" * 32, "updated_at": AT, "user_id": None, "billing_address": address,
        "shipping_address": address, "customer": {"id": number % 9_999, "state": "disabled", "tags": "", "currency": "EUR", "default_address": address},
        "discount_applications": [], "fulfillments": [], "line_items": lines, "payment_terms": None, "refunds": [],
        "shipping_lines": [{"id": number + 5, "code": "Standard", "price": "4.90", "price_set": money("4.90"), "title": "Standard", "tax_lines": []}],
    }  # fmt: skip
    for name in totals:
        body |= {name: "19.90", f"{name}_set": money("19.90")}
    return body


def best(run: Callable[[], object], rounds: int = 5) -> float:
    """Least CPU seconds of some rounds."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> int:
    """Print the costs; 1 when the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=8)
    pages = parser.parse_args().pages
    chance = random.Random(7)
    number, place = pages * PAGE, Place("shop")
    bodies = [orjson.dumps({"orders": [order(PAGE * page + each + 1_000, chance) for each in range(PAGE)]}) for page in range(pages)]
    rows = [count_rows(body, "marketplace", place, None) for body in bodies]
    task = Task(feed="marketplace", how=How("document"), context=Context("shop", b"k" * 32))
    assert [parse_block(task, body, 1, count).events.height for body, count in zip(bodies, rows, strict=True)] == rows
    decoding = best(lambda: [orjson.loads(body) for body in bodies])
    print(f"{number:,} orders, {sum(rows):,} lines, {sum(map(len, bodies)) / number:,.0f} bytes an order")
    print(f"orjson.loads   {number / decoding:10,.0f} orders/s")
    ratios = []
    for name, run in (
        ("parse_block", lambda: [parse_block(task, body, 1, count) for body, count in zip(bodies, rows, strict=True)]),
        ("count_rows", lambda: [count_rows(body, "marketplace", place, None) for body in bodies]),
    ):
        taken = best(run)
        ratios.append(taken / decoding)
        print(f"{name:14} {number / taken:10,.0f} orders/s   {taken / decoding:.2f} x decoding")
    return 0 if ratios[0] <= 1.25 else 1  # with room for a busy machine


if __name__ == "__main__":
    sys.exit(main())
