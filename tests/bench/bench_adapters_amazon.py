"""What Amazon's documents cost to read: `python tests/bench/bench_adapters_amazon.py [--orders N]`.

Makes one page of N orders of version 2026-01-01 (1 to 3 items, the fields that a full answer has), and a page of as many
items of FBA inventory, and prints on one core: orders or items a second to decode alone (orjson, and the strict decoder),
to lines, to counted rows, and to judged events; each with its ratio to orjson alone. Medians of five.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.feeds.adapters import documents
from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.parse import How, Task, parse_block
from pipelines.feeds.reading.derive import Context
from pipelines.feeds.reading.jsonlines import decode

_SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"


def orders(count: int) -> bytes:
    """A page of orders, each like the first of the samples."""
    dice = random.Random(3)
    model = json.loads((_SAMPLES / "marketplace" / "amazon" / "orders.json").read_text())["orders"][0]
    made = []
    for number in range(count):
        items = []
        for line in range(dice.choice((1, 1, 2, 3))):
            item = json.loads(json.dumps(model["orderItems"][0]))
            item |= {"orderItemId": f"{number}{line}", "quantityOrdered": 1}
            item["fulfillment"] |= {"quantityFulfilled": number % 2, "quantityUnfulfilled": 1 - number % 2}
            items.append(item)
        made.append({**model, "orderId": f"403-{number:07d}-0000001", "orderItems": items, "packages": []})
    return json.dumps({"orders": made}).encode()


def inventory(count: int) -> bytes:
    """A page of items, each like the first of the samples."""
    page = json.loads((_SAMPLES / "wms" / "amazon" / "fba-inventory.json").read_text())
    model = page["payload"]["inventorySummaries"][0]
    page["payload"]["inventorySummaries"] = [{**model, "sellerSku": f"SKU-{number}", "fnSku": f"X{number:09d}"} for number in range(count)]
    return json.dumps(page).encode()


def seconds(work: Callable[[], Any]) -> float:
    """Median of five runs."""
    taken = []
    for _ in range(5):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def report(name: str, feed: str, content: bytes, count: int) -> None:
    """Print each step of one page."""
    place, task = Place("amazon"), Task(feed, How("document"), Context("amazon", b"k" * 32))
    plain = seconds(lambda: orjson.loads(content))
    print(f"{name}: {count:,} of {len(content) // count:,} bytes")
    for step, work in (
        ("orjson alone", lambda: orjson.loads(content)),
        ("strict decoder", lambda: decode(content, limit=None)),
        ("count rows", lambda: documents.count_rows(content, feed, place, None)),
        ("to judged events", lambda: parse_block(task, content, 1, 0)),
    ):
        taken = seconds(work)
        print(f"  {step:18} {count / taken:12,.0f} a second   {taken / plain:6.1f} x orjson")


def main() -> None:
    """Read the options, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=5_000)
    count = parser.parse_args().orders
    report("orders", "marketplace", orders(count), count)
    report("items of FBA inventory", "wms", inventory(count), count)


if __name__ == "__main__":
    main()
