"""Files of a landing folder → rows of text, each well formed or with what is wrong with it.

Belongs here: JSON Lines, CSV, gzip, the fields that a feed requires, the form of values. Does not belong here: what a
code means (`resolve`), or whether a row was seen before (`identity`).
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from oracle import epcis

REFERENCE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "items": ("item_code",),
    "uoms": ("item_code", "uom_code"),
    "locations": ("location_code",),
    "channels": ("channel_code",),
    "networks": ("channel_code", "location_code"),
    "suppliers": ("supplier_code",),
    "terms": ("supplier_code", "item_code", "location_code"),
    "bom": ("kit_item_code", "component_item_code"),
    "sources": ("source_system",),
    "relations": ("item_code", "related_item_code", "relation_kind"),
}

KINDS: Final[dict[str, frozenset[str]]] = {
    feed: frozenset(kinds.split())
    for feed, kinds in {
        "pos": "sale sale_void return exchange price_only till_close",
        "wms": "opening receipt putaway qc_release qc_hold pick pack ship void_ship adjust count transfer_ship transfer_receive move "
        "status_change return_receive return_inspect return_disposition kit_assemble kit_break supplier_return scrap snapshot",
        "marketplace": "order_placed order_line_changed order_cancelled order_shipped order_delivered return_requested refund "
        "backorder_accepted preorder_accepted listing_on listing_off stock_published stock_ack stock_publish_failed",
        "supply": "po_created po_confirmed po_changed po_cancelled asn recadv supplier_invoice_qty supplier_stock consignment_deliver "
        "consignment_consume consignment_return consignment_loss consignment_joint_count",
        "rfid": "ObjectEvent AggregationEvent TransactionEvent TransformationEvent AssociationEvent",
    }.items()
}

_REQUIRED: Final[dict[str, frozenset[str]]] = {
    "pos": frozenset({"event_kind", "location_code", "document_id", "document_line", "occurred_at", "item_code", "quantity"}),
    "wms": frozenset({"event_kind", "source_event_id", "location_code", "occurred_at", "item_code", "quantity"}),
    "marketplace": frozenset({"event_kind", "channel_code", "occurred_at", "item_code", "quantity", "document_id", "document_line"}),
    "supply": frozenset({"event_kind", "document_id", "document_line", "supplier_code", "occurred_at", "item_code", "quantity"}),
    "rfid": frozenset({"event_kind", "occurred_at"}),
}
# a kind that requires more (+) or less (-) than its feed
_MORE: Final[dict[str, frozenset[str]]] = {
    "adjust": frozenset({"reason_code"}),
    "status_change": frozenset({"stock_state", "to_stock_state"}),
    "move": frozenset({"to_location_code"}),
    "transfer_ship": frozenset({"to_location_code"}),
    "void_ship": frozenset({"ref_document_id"}),
    "supplier_return": frozenset({"supplier_code"}),
    "stock_published": frozenset({"publish_no"}),
    "stock_ack": frozenset({"publish_no"}),
    "stock_publish_failed": frozenset({"publish_no"}),
    "consignment_deliver": frozenset({"owner_code", "location_code"}),
    "consignment_consume": frozenset({"owner_code", "location_code"}),
    "consignment_return": frozenset({"owner_code", "location_code"}),
    "consignment_loss": frozenset({"owner_code", "location_code", "reason_code"}),
    "consignment_joint_count": frozenset({"owner_code", "location_code"}),
}
_DOCUMENT: Final = frozenset({"document_id", "document_line"})
_LESS: Final[dict[str, frozenset[str]]] = {
    "till_close": frozenset({"item_code"}),
    "stock_published": _DOCUMENT,
    "stock_ack": _DOCUMENT,
    "stock_publish_failed": _DOCUMENT,
    "listing_on": _DOCUMENT | {"quantity"},
    "listing_off": _DOCUMENT | {"quantity"},
    "supplier_stock": _DOCUMENT,
    **{kind: frozenset({"supplier_code"}) for kind in KINDS["supply"] if kind.startswith("consignment_")},
}
SAYS_WHERE: Final = ("scrap", "recycle", "donate", "recondition", "liquidate")
"""Reasons of a return that name by themselves where the goods go."""
_MAY_BE_ZERO: Final = frozenset({"count", "consignment_joint_count"})
_STATED: Final = frozenset({"snapshot", "stock_published", "stock_ack", "stock_publish_failed", "supplier_stock"})
"""What a system's own books say, which may be below 0."""

_INSTANT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:?\d{2})?")


@dataclasses.dataclass(frozen=True)
class Written:
    """A time as a line writes it: local clock, minutes from UTC (None: no zone is named), and the date in its letters."""

    local: datetime
    offset_minutes: int | None
    day: str


@dataclasses.dataclass
class Row:
    """One line of a feed. `problem` is None, or why the line can never be used."""

    feed: str
    source_system: str
    uri: str
    line_no: int
    known_at: datetime
    fields: dict[str, str]
    problem: str | None = None
    quantity: Decimal = Decimal(0)
    at: Written | None = None
    revision: int = 0


@dataclasses.dataclass
class Delivery:
    """One file as seen at `known_at`; `uri` is its path under the landing root."""

    feed: str
    uri: str
    known_at: datetime
    content: str
    rows: list[Row]


def landing(
    root: Path, known_at: datetime, feeds: tuple[str, ...] = ("reference", "pos", "wms", "marketplace", "rfid", "supply")
) -> list[Delivery]:
    """Every file under `root/<feed>/`, first seen at `known_at` (UTC), by path; what is not a feed's file is passed over."""
    found: list[Delivery] = []
    for feed in feeds:
        folder = root / feed
        for path in sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []:
            if path.name.startswith(".") or path.suffix in (".part", ".tmp"):
                continue
            found.append(delivery(root, path, feed, known_at))
    return found


def delivery(root: Path, path: Path, feed: str, known_at: datetime) -> Delivery:
    """One file as rows; every line is there, whatever is wrong with it."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    parts = path.relative_to(root).parts
    source = parts[1] if len(parts) > 2 and feed != "reference" else feed
    name = path.name.removesuffix(".gz")
    lines = _csv(content, feed, path) if name.endswith(".csv") else _json_lines(content, feed)
    rows = []
    for line_no, fields, problem in lines:
        row = Row(feed, fields.get("source_system") or source, path.relative_to(root).as_posix(), line_no, known_at, fields, problem)
        if problem is None and feed != "reference":
            _judge_form(row)
        rows.append(row)
    return Delivery(feed, path.relative_to(root).as_posix(), known_at, hashlib.sha256(content).hexdigest(), rows)


def again(deliveries: list[Delivery]) -> list[Delivery]:
    """Deliveries of several scans, in the order given: the same content under the same path is no delivery at all."""
    kept: list[Delivery] = []
    newest: dict[str, str] = {}
    ever: set[tuple[str, str]] = set()
    for each in deliveries:
        is_known = newest.get(each.uri) == each.content if each.feed == "reference" else (each.uri, each.content) in ever
        newest[each.uri] = each.content
        ever.add((each.uri, each.content))
        if not is_known:
            kept.append(each)
    return kept


def entity_of(uri: str) -> str:
    """`reference/items.csv` and `reference/items/2026.csv` are both of `items`; a name may go on after the entity: `items-2.csv`."""
    parts = uri.split("/")[1:]
    return re.split(r"[.\-_ ]", parts[0])[0]


def _text(value: Any) -> str | None:
    """A field as text: nothing for null and empty; numbers and booleans as JSON writes them."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    text = unicodedata.normalize("NFC", str(value)).strip(" \t\r\n\u00a0\u200b\ufeff")
    return text or None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a field occurs twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _json_lines(content: bytes, feed: str) -> Iterator[tuple[int, dict[str, str], str | None]]:
    for line_no, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            value = json.loads(
                raw.decode("utf-8-sig" if line_no == 1 else "utf-8"),
                parse_float=Decimal,
                parse_constant=_no_constant,
                object_pairs_hook=_no_twins,
            )
        except (ValueError, RecursionError) as error:
            yield line_no, {}, f"not_json: {error}"
            continue
        if not isinstance(value, dict):
            yield line_no, {}, "not_json: not an object"
            continue
        if feed == "rfid":
            for number, fields in enumerate(epcis.events(value), start=line_no):
                yield number, fields, None
            continue
        yield line_no, {k: t for k, v in value.items() if (t := _text(v)) is not None}, None


def _csv(content: bytes, feed: str, path: Path) -> Iterator[tuple[int, dict[str, str], str | None]]:
    text = content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    if not lines:
        return
    header = [name.strip() for name in lines[0]]
    required = (
        set(REFERENCE_KEYS.get(entity_of(f"reference/{path.name}"), ()))
        if feed == "reference"
        else _REQUIRED[feed] - {"item_code", "quantity", "supplier_code"} - _DOCUMENT
    )
    missing = sorted(required - set(header))
    for line_no, values in enumerate(lines[1:], start=2):
        if not values:
            continue
        fields = {k: t for k, v in zip(header, values, strict=False) if (t := _text(v)) is not None}
        problem = f"missing_column: {missing[0]}" if missing else None if len(values) == len(header) else "ragged_line"
        if line_no == len(lines) and not text.endswith("\n"):
            problem = "unterminated_line"
        yield line_no, fields, problem


def written(text: str) -> Written | None:
    """An ISO 8601 time, or None where it is none.

    >>> written("2026-03-02T23:30:00Z").offset_minutes, written("2026-03-02T23:30:00").offset_minutes, written("02/03/2026")
    (0, None, None)
    """
    match = _INSTANT.fullmatch(text)
    if not match:
        return None
    try:
        local = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        return None
    zone = match[3]
    if zone is None:
        return Written(local, None, match[1])
    digits = "0000" if zone == "Z" else zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return Written(local, -minutes if zone[0] == "-" else minutes, match[1])


def _judge_form(row: Row) -> None:
    """Set what the form of a line says: `at`, `quantity`, `revision`, or the problem."""
    row.problem = _problem(row)


def _problem(row: Row) -> str | None:
    fields = row.fields
    kind = fields.get("event_kind")
    if kind not in KINDS[row.feed]:
        return "unknown_kind"
    missing = (_REQUIRED[row.feed] | _MORE.get(kind, frozenset())) - _LESS.get(kind, frozenset()) - set(fields)
    if kind == "return_disposition" and fields.get("reason_code") not in SAYS_WHERE:
        missing |= {"to_stock_state"} - set(fields)
    if kind == "consignment_return" and fields.get("owner_code") == "self":
        missing |= {"to_location_code"} - set(fields)
    if missing:
        return f"missing_field: {min(missing)}"
    row.at = written(fields["occurred_at"])
    if row.at is None:
        return "bad_time"
    if not 2000 <= row.at.local.year <= 2200:
        return "time_out_of_range"
    try:
        row.revision = int(fields.get("source_revision", "0"))
        row.quantity = Decimal(fields.get("quantity", "0"))
    except (InvalidOperation, ValueError):
        return "bad_number"
    if not row.quantity.is_finite() or row.quantity != row.quantity.quantize(Decimal("0.0001")):
        return "bad_number"
    if "quantity" in fields and not _fits(kind, row.quantity):
        return "bad_quantity"
    if "unit_price_amount" in fields and "currency_code" not in fields:
        return "missing_currency"
    return _bad_check_digit(fields)


def _fits(kind: str, quantity: Decimal) -> bool:
    """The kind gives the direction, never the sign; only `adjust` is signed."""
    if kind == "adjust":
        return quantity != 0
    if kind in _STATED:
        return True
    return quantity >= 0 if kind in _MAY_BE_ZERO else quantity > 0


def _bad_check_digit(fields: dict[str, str]) -> str | None:
    item_kind, place_kind = fields.get("item_code_kind", "sku"), fields.get("location_code_kind", "own")
    if item_kind not in ("sku", "gtin", "epc", "vendor") or place_kind not in ("own", "gln", "sgln"):
        return "unknown_code_kind"
    if item_kind == "gtin" and not epcis.is_gtin(fields["item_code"]):
        return "bad_check_digit"
    if item_kind == "epc" and epcis.gtin_of(fields["item_code"]) is None:
        return "bad_epc"
    if place_kind == "gln" and not epcis.is_gln(fields["location_code"]):
        return "bad_check_digit"
    if place_kind == "sgln" and epcis.gln_of(fields["location_code"]) is None:
        return "bad_epc"
    return None
