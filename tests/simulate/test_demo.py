"""The demo's landing folder, on a small part of the real year: what it holds is what its report says."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import UserError
from pipelines.simulate import tickets
from pipelines.simulate.demo import DemoReport, write_demo
from pipelines.simulate.tickets import Scale

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec(tickets.PACKAGE) is None, reason="the data package of the demo is not installed (extra: demo)"
)

SMALL = Scale(shops=6, products=150, online_rank=95)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoReport]:
    """A small demo: folder and report."""
    folder = tmp_path_factory.mktemp("landing")
    return folder, write_demo(folder, scale=SMALL)


def raw_lines(folder: Path, feed: str) -> Iterator[tuple[str, str, str | None]]:
    """Path, line and (of CSV) header of every line of a feed."""
    for path in sorted((folder / feed).rglob("*.*")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = data.decode().splitlines()
        header = lines.pop(0) if ".csv" in path.name else None
        for line in lines:
            yield path.relative_to(folder).as_posix(), line, header


def events(folder: Path, feed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and fields of every line of a feed that can be read."""
    for path, line, header in raw_lines(folder, feed):
        if header is not None:
            cells = next(csv.reader([line]))
            if len(cells) == header.count(",") + 1:
                yield path, {name: cell for name, cell in zip(header.split(","), cells, strict=True) if cell}
            continue
        try:
            yield path, json.loads(line)
        except json.JSONDecodeError:
            continue


def digest(folder: Path) -> str:
    """Hash over all names and bytes."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


def is_gtin(code: str) -> bool:
    """Whether the last digit is the right check digit."""
    digits = [int(digit) for digit in reversed(code)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def test_the_same_seed_writes_the_same_bytes(demo: tuple[Path, DemoReport], tmp_path: Path) -> None:
    folder, _ = demo
    write_demo(tmp_path, scale=SMALL)
    assert digest(tmp_path) == digest(folder)


def test_the_report_counts_the_lines_of_every_feed(demo: tuple[Path, DemoReport]) -> None:
    folder, report = demo
    assert report.lines == {feed: sum(1 for _ in raw_lines(folder, feed)) for feed in report.lines}
    assert set(report.lines) == {"pos", "wms", "marketplace", "rfid", "supply", "reference"}


def test_only_real_tickets_lie_in_the_folders_named_after_their_source(demo: tuple[Path, DemoReport]) -> None:
    folder, report = demo
    seen = {
        (path, event["location_code"], event["document_id"], str(event["document_line"]))
        for path, event in events(folder, "pos")
        if path.startswith("pos/completejourney") and int(event["document_line"]) < 500 and str(event["quantity"]).isdigit()
    }
    real = {key[1:] for key in seen}
    assert len(real) == report.real_sales
    assert all(
        path.split("/")[1].startswith(("completejourney", "simulated-")) for feed in report.lines for path, _, _ in raw_lines(folder, feed)
    )


def test_every_fault_has_lines(demo: tuple[Path, DemoReport]) -> None:
    _, report = demo
    assert [fault.name for fault in report.faults if fault.lines <= 0] == []
    assert {fault.outcome for fault in report.faults} == {"accepted", "duplicate", "refused", "waiting"}


def test_repeated_lines_are_as_many_as_the_report_says(demo: tuple[Path, DemoReport]) -> None:
    folder, report = demo
    for feed in ("pos", "wms", "marketplace", "supply"):
        texts = [line for _, line, _ in raw_lines(folder, feed)]
        assert len(texts) - len(set(texts)) == report.duplicates[feed], feed


def test_contradicting_transactions_are_as_many_as_the_report_says(demo: tuple[Path, DemoReport]) -> None:
    folder, report = demo
    contents = defaultdict(set)
    for _, event in events(folder, "wms"):
        contents[event["source_event_id"]].add(json.dumps(event))
    expected = next(fault.lines for fault in report.faults if "other content" in fault.name)
    assert sum(len(versions) - 1 for versions in contents.values()) == expected


def test_a_void_in_an_earlier_file_finds_its_sale_in_a_later_one(demo: tuple[Path, DemoReport]) -> None:
    folder, _ = demo
    key = ("location_code", "register_no", "document_id", "document_line")
    voids = {
        tuple(event[name] for name in key): path
        for path, event in events(folder, "pos")
        if event["event_kind"] == "sale_void" and "first" in path
    }
    sales = {tuple(event[name] for name in key): path for path, event in events(folder, "pos") if event["event_kind"] == "sale"}
    assert voids
    assert all(path < sales[line] for line, path in voids.items())


def test_what_is_reported_late_was_counted_the_same_evening(demo: tuple[Path, DemoReport]) -> None:
    folder, _ = demo
    late = {(e["location_code"], e["item_code"], e["occurred_at"][:10]) for path, e in events(folder, "wms") if "-late" in path}
    counted = {(e["location_code"], e["item_code"], e["occurred_at"][:10]) for _, e in events(folder, "wms") if e["event_kind"] == "count"}
    assert late
    assert late <= counted


def test_one_shop_writes_times_without_a_zone_and_all_others_write_theirs(demo: tuple[Path, DemoReport]) -> None:
    folder, _ = demo
    zoned = defaultdict(set)
    for path, event in events(folder, "pos"):
        zoned[path.split("/")[1]].add(len(event["occurred_at"]) == 25)
    assert zoned.pop("completejourney-west") == {False}
    assert set().union(*zoned.values()) == {True}


def test_every_time_lies_in_the_year_of_the_tickets(demo: tuple[Path, DemoReport]) -> None:
    folder, _ = demo
    years = {event["occurred_at"][:4] for feed in ("pos", "wms", "marketplace", "supply") for _, event in events(folder, feed)}
    assert years == {"2017"}
    assert {event["eventTime"][:4] for _, event in events(folder, "rfid")} == {"2017"}


def test_declared_numbers_have_right_check_digits(demo: tuple[Path, DemoReport]) -> None:
    folder, report = demo
    numbers = [row[name] for _, row in events(folder, "reference") for name in ("gtin", "gln") if name in row]
    assert len(numbers) > SMALL.products
    assert [number for number in numbers if not is_gtin(number)] == []
    scanned = [event["item_code"] for _, event in events(folder, "pos") if event.get("item_code_kind") == "gtin"]
    wrong = next(fault.lines for fault in report.faults if "check digit" in fault.name)
    assert sum(not is_gtin(code) for code in scanned) == wrong


def test_the_expected_stock_is_what_the_files_say(demo: tuple[Path, DemoReport]) -> None:
    folder, report = demo
    books = replay(folder)
    expected = {
        (row["item_code"], row["location_code"], row["stock_state"]): row["on_hand_units"] for row in report.on_hand.iter_rows(named=True)
    }
    assert books == expected


def test_shelves_that_sold_had_the_goods(demo: tuple[Path, DemoReport]) -> None:
    _, report = demo
    assert (report.on_hand["on_hand_units"] < 0).mean() < 0.01


def test_without_the_data_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tickets, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(UserError, match=r"pip install 'parstock\[demo\]'"):
        write_demo(tmp_path, scale=SMALL)


def replay(folder: Path) -> dict[tuple[str, str, str], int]:
    """Stock by item, place and state from the files alone, event by event in the order of time: slow, and nobody's production code."""
    zones = {row["location_code"]: row["time_zone"] for path, row in events(folder, "reference") if "/locations" in path}
    items = {row["gtin"].zfill(14): (row["item_code"], 1) for path, row in events(folder, "reference") if path.endswith("items.csv")}
    cases = {row["item_code"]: int(row["numerator"]) for path, row in events(folder, "reference") if "/uoms" in path}
    items |= {row["gtin"]: (row["item_code"], int(row["numerator"])) for path, row in events(folder, "reference") if "/uoms" in path}
    known = {code for code, _ in items.values()}
    seen: set[tuple[Any, ...]] = set()
    dated = []
    for feed in ("pos", "wms"):
        for path, event in events(folder, feed):
            event = {"document_line": "", "register_no": "", "document_id": "", **event}
            source = path.split("/")[1]
            natural = (
                event["location_code"],
                event["register_no"],
                event["document_id"],
                str(event["document_line"]),
                event["occurred_at"][:10],
            )
            identity = (feed, event["source_event_id"]) if feed == "wms" else (feed, source, event["event_kind"], *natural)
            units = posted_units(event, items, cases, known, zones)
            if units is None or identity in seen:
                continue
            seen.add(identity)
            at = datetime.fromisoformat(event["occurred_at"])
            at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zones[event["location_code"]]))
            dated.append((at, event["event_kind"] == "count", units[0], units[1], event))
    books: dict[tuple[str, str, str], int] = defaultdict(int)
    sold = {(e["location_code"], e["document_id"], str(e["document_line"])) for _, _, _, _, e in dated if e["event_kind"] == "sale"}
    for _, _, item, units, event in sorted(dated, key=lambda row: (row[0], row[1])):
        here = event["location_code"]
        if event["event_kind"] == "sale_void" and (here, event["document_id"], str(event["document_line"])) not in sold:
            continue
        post(books, item, here, units, event)
    return {key: units for key, units in books.items() if units}


def posted_units(
    event: dict[str, Any], items: dict[str, tuple[str, int]], cases: dict[str, int], known: set[str], zones: dict[str, str]
) -> tuple[str, int] | None:
    """Item and base units of a line that ingest and owner accept; null for the others."""
    text, code = str(event.get("quantity", "")), event.get("item_code")
    if not text.lstrip("-").isdigit() or code is None or event["location_code"] not in zones or event["occurred_at"][8:10] > "31":
        return None
    quantity, unit = int(text), event.get("uom_code")
    if quantity <= 0 and event["event_kind"] not in ("adjust", "count"):
        return None
    if event.get("item_code_kind") == "gtin":
        if code.zfill(14) not in items or unit is not None:
            return None
        item, per = items[code.zfill(14)]
        return item, quantity * per
    if code not in known or unit not in (None, "CS"):
        return None
    return code, quantity * (cases[code] if unit else 1)


def post(books: dict[tuple[str, str, str], int], item: str, here: str, units: int, event: dict[str, Any]) -> None:
    """The posting rules of the public feeds page, for the kinds that the demo has."""
    shelf = "sellable_not_accessible" if here.startswith("DC") else "sellable_accessible"
    kind = event["event_kind"]
    if kind in ("sale", "ship", "transfer_ship", "scrap"):
        books[item, here, shelf] -= units
    elif kind in ("sale_void", "void_ship", "transfer_receive", "adjust"):
        books[item, here, shelf] += units
    elif kind in ("opening", "count"):
        books[item, here, shelf] = units
    elif kind in ("return", "return_receive"):
        books[item, here, "returned"] += units
    elif kind == "receipt":
        books[item, here, "in_progress"] += units
    elif kind in ("putaway", "qc_hold", "status_change", "return_disposition"):
        start = {"status_change": shelf, "return_disposition": "returned"}.get(kind, "in_progress")
        books[item, here, start] -= units
        end = {"putaway": shelf, "qc_hold": "non_sellable_other"}.get(kind, event.get("to_stock_state"))
        if end is not None:
            books[item, here, end] += units
    else:
        raise AssertionError(f"the demo has no {kind}")


def test_most_returns_are_back_on_sale_on_the_day_they_come_and_some_wait(demo: tuple[Path, DemoReport]) -> None:
    """The target of returns back within 24 hours can be met, and is not always."""
    came: dict[str, datetime] = {}
    waited = []
    for _, event in events(demo[0], "wms"):
        if event["event_kind"] == "return_receive":
            came[event["document_id"]] = datetime.fromisoformat(event["occurred_at"])
    for _, event in events(demo[0], "wms"):
        if event["event_kind"] == "return_disposition" and event.get("document_id") in came and "to_stock_state" in event:
            waited.append((datetime.fromisoformat(event["occurred_at"]) - came[event["document_id"]]).total_seconds() / 3600)
    assert len(waited) > 10
    assert 0.7 < sum(hours <= 24 for hours in waited) / len(waited) < 1
    assert min(waited) > 0


def test_channels_show_what_they_are_told_within_minutes_but_one_falls_behind_at_the_end(demo: tuple[Path, DemoReport]) -> None:
    told: dict[tuple[Any, ...], datetime] = {}
    shown: dict[tuple[Any, ...], datetime] = {}
    for _, event in events(demo[0], "marketplace"):
        if event["event_kind"] in ("stock_published", "stock_ack"):
            key = (event["channel_code"], event["item_code"], event["publish_no"])
            (told if event["event_kind"] == "stock_published" else shown)[key] = datetime.fromisoformat(event["occurred_at"])
    seconds = sorted((at - told[key]).total_seconds() for key, at in shown.items())
    assert seconds[len(seconds) * 95 // 100] < 300
    unshown = {
        (channel, at.date() >= date(2017, 12, 30)) for (channel, item, number), at in told.items() if (channel, item, number) not in shown
    }
    assert ("market-b", True) in unshown
    assert len(shown) > 0.9 * len(told)
