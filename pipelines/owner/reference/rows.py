"""Reference rows: which version holds when, and the tables by which codes are looked up.

Belongs here: taking reference rows, telling copies from versions, and writing them to the ledger. Does not belong
here: the tables that resolution joins (`code_tables.py`) and the algebra of versions (`versions.py`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.ledger.ids import VIRTUAL_LOCATIONS, code_id
from pipelines.ledger.instants import instant, micros
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.owner.reference.code_tables import STORE_CHANNEL, CodeTables, History, insert_rows
from pipelines.owner.reference.outside_codes import OutsideCodes
from pipelines.owner.reference.plausible import implausible
from pipelines.owner.reference.versions import BEGINNING, END, Facts, Version

if TYPE_CHECKING:
    import duckdb

_FROM_VALID_FROM: Final = frozenset({"bom", "networks", "terms", "supplier_terms", "relations", "segments", "calendars", "reasons"})
"""Entities whose first version starts at its valid_from; of the others it holds from the beginning."""

_IDS: Final = {
    "item_id": ("item", "item_code"),
    "location_id": ("location", "location_code"),
    "channel_id": ("channel", "channel_code"),
    "supplier_id": ("supplier", "supplier_code"),
    "kit_item_id": ("item", "kit_item_code"),
    "component_item_id": ("item", "component_item_code"),
    "related_item_id": ("item", "related_item_code"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One line of a reference file: its cells by column name, where it stood, and whether somebody accepted what is unlikely in it."""

    entity: str
    cells: dict[str, Any]
    line_no: int
    known_us: int
    is_accepted: bool = False
    formers_us: tuple[int, ...] = ()
    """When the readings of the file that this one replaces were known."""


@dataclasses.dataclass(slots=True)
class ReferenceChange:
    """What a set of reference rows changed.

    Codes newly known (what waits may go on), codes whose meaning changed (what was posted is posted again), and the
    outcome of every row (`accepted`, `duplicate`, `corrected`, or a reason).
    """

    is_more_known: bool = False
    changed: set[tuple[str, str]] = dataclasses.field(
        default_factory=set
    )  # ("item" | "location" | "channel" | "kit" | "uom" | "source", code)
    outcomes: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # (outcome or reason code, reason)


class ReferenceBook:
    """All versions of all reference rows, in memory, and their tables in the warehouse.

    One for each open warehouse; only the owner has it.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._history = History()
        self._tables = CodeTables(con, self._history)
        self._hashes: dict[tuple[str, tuple[str, ...]], str] = {}
        self._codes = OutsideCodes()
        self._sequence = 0
        self._bounded = {row[0] for row in con.execute("select distinct item_id from item_bounds").fetchall()}
        self._load()

    def _load(self) -> None:
        rows = self._con.execute(
            "select entity, key, row_hash, known_us, starts_us, ends_us, sequence, facts from reference_rows order by known_us, sequence"
        ).fetchall()
        for entity, key, row_hash, known, starts, ends, sequence, facts in rows:
            cells = json.loads(facts)
            self._remember(entity, tuple(json.loads(key)), Version(known, starts, ends, _relevant(entity, cells)), cells, row_hash)
            self._sequence = max(self._sequence, sequence)

    def _remember(self, entity: str, key: tuple[str, ...], version: Version, cells: dict[str, Any], row_hash: str) -> None:
        self._history.add(entity, key, version)
        self._hashes[entity, key] = row_hash
        versions = self._history.of(entity, *key)
        self._codes.give(entity, key, cells, version.starts, is_last=all(v.starts <= version.starts for v in versions))

    def seed_builtin(self) -> None:
        """Put in what needs no reference file: the virtual locations and the channel `store`. Once, into a new file."""
        for code in VIRTUAL_LOCATIONS:
            self._con.execute(
                "insert into ledger.locations (location_id, location_code, location_name, location_kind, is_virtual, version_no, commit_id)"
                " values (?, ?, ?, ?, true, 1, 0)",
                [virtual_id(code), code, code.capitalize(), code.lower()],
            )
        self._con.execute(
            "insert into ledger.channels (channel_id, channel_code, channel_name, channel_kind, version_no, commit_id) values (?, ?, 'Shops', 'store', 0, 0)",
            [code_id("channel", STORE_CHANNEL), STORE_CHANNEL],
        )
        self._tables.write({("channel", STORE_CHANNEL)})

    def take(self, rows: Iterable[ReferenceRow], commit_id: int) -> ReferenceChange:
        """Take rows in the order of their files and lines; a row equal to the current version is a duplicate.

        What another reading of the same file says otherwise is a version from when the one that it replaces began.
        """
        change = ReferenceChange()
        touched: set[tuple[str, str]] = set()
        handed_on: set[tuple[str, str]] = set()
        ledger_rows: dict[str, list[Sequence[Any]]] = defaultdict(list)
        kept: list[Sequence[Any]] = []
        bounds: list[Sequence[Any]] = []
        for row in rows:
            key = tuple(str(row.cells.get(column) or "") for column in ENTITY_BY_NAME[row.entity].key)
            row_hash = _row_hash(row.cells)
            former = self._former(row, key)
            if row_hash in (self._hashes.get((row.entity, key)), former[0] if former else None):
                change.outcomes.append(("duplicate", ""))
                continue
            if not row.is_accepted and (unlikely := implausible(row.entity, row.cells)):
                change.outcomes.append(("implausible_terms", unlikely))
                continue
            version_no = len(self._history.of(row.entity, *key)) + 1
            starts = _starts(row, is_first=version_no == 1)
            if former and row.cells.get("valid_from") is None:
                starts = former[1]
            taken = self._codes.taken(key[0], row.cells, starts)
            if taken:
                change.outcomes.append(taken)
                continue
            if self._codes.was_anothers(key[0], row.cells):
                handed_on |= _touched(row.entity, key)
            version = Version(
                row.known_us,
                starts,
                _micros(row.cells.get("valid_to"), END),
                _relevant(row.entity, row.cells),
            )
            self._sequence += 1
            cells = {name: _plain(value) for name, value in row.cells.items() if value is not None}
            self._remember(row.entity, key, version, cells, row_hash)
            kept.append(
                [
                    row.entity,
                    json.dumps(key),
                    row_hash,
                    version.known,
                    version.starts,
                    version.ends,
                    self._sequence,
                    json.dumps(cells, ensure_ascii=False),
                ]
            )
            ledger_rows[row.entity].append(_ledger_row(row, version, version_no, commit_id))
            touched |= _touched(row.entity, key) | self._items_coded(row.entity, key)
            if row.entity == "items":
                bounds += self._bound(row, version_no)
            change.outcomes.append(("corrected" if former else "accepted", ""))
        if kept:
            insert_rows(self._con, "reference_rows", kept)
        if bounds:
            insert_rows(self._con, "item_bounds", bounds)
        for entity, values in ledger_rows.items():
            insert_rows(self._con, f"ledger.{entity}", values)
        if touched:
            change.changed = self._tables.write(touched) | handed_on
            change.is_more_known = True
        return change

    def _former(self, row: ReferenceRow, key: tuple[str, ...]) -> tuple[str, int] | None:
        """Hash and start of the version that a former reading of the file gave this key."""
        if not row.formers_us:
            return None
        found: list[tuple[str, int]] = self._con.execute(
            "select row_hash, starts_us from reference_rows where entity = ? and key = ? and list_contains(?::BIGINT[], known_us) order by sequence desc limit 1",
            [row.entity, json.dumps(key), list(row.formers_us)],
        ).fetchall()
        return found[0] if found else None

    def _items_coded(self, entity: str, key: tuple[str, ...]) -> set[tuple[str, str]]:
        """The items that a vendor's code has ever meant."""
        return {("item", version.facts[0]) for version in self._history.of(entity, *key)} if entity == "item_codes" else set()

    def _bound(self, row: ReferenceRow, version_no: int) -> list[tuple[int, int, int | None]]:
        """How many units one line of the item may have, where a row of it ever said so; the first row says it from the beginning."""
        item_id, most = code_id("item", str(row.cells["item_code"])), row.cells.get("max_line_units")
        if most is None and item_id not in self._bounded:
            return []
        self._bounded.add(item_id)
        return [(item_id, BEGINNING if version_no == 1 else row.known_us, most)]


def virtual_id(code: str) -> int:
    """Id of a virtual location; never that of a real one, whatever its code."""
    return code_id("virtual location", code)


def _touched(entity: str, key: tuple[str, ...]) -> set[tuple[str, str]]:
    if entity == "uoms":
        return {("uom", key[0])} | ({("item", key[0])} if key[0] != "*" else set())
    thing = {
        "items": "item",
        "locations": "location",
        "channels": "channel",
        "networks": "network",
        "suppliers": "supplier",
        "bom": "kit",
        "sources": "source",
    }
    if entity == "relations" and key[2] == "merge":
        return {("item", key[0])}
    return {(thing[entity], key[0])} if entity in thing else set()  # the others post nothing


def _relevant(entity: str, cells: dict[str, Any]) -> Facts:
    """What postings depend on; a change of anything else posts nothing again."""
    if entity == "items":
        return (cells.get("item_kind") or "stock", cells.get("base_uom_code"), cells.get("gtin"))
    if entity == "item_codes":
        return (cells["item_code"],)
    if entity == "uoms":
        return (int(cells["numerator"]), int(cells["denominator"]), cells.get("gtin"))
    if entity == "locations":
        kind = cells.get("location_kind") or "store"
        state = "sellable_accessible" if kind == "store" else "sellable_not_accessible"
        return (kind, state, cells.get("time_zone"), cells.get("rfid_posting"), cells.get("gln"))
    if entity in ("channels", "suppliers"):
        return (cells.get("time_zone"),)
    if entity == "sources":
        return (cells.get("time_zone"), cells.get("sends_picks"))
    if entity == "bom":
        return (int(cells["component_units"]),)
    if entity == "relations":
        return (cells["relation_kind"], cells["related_item_code"], int(cells.get("priority") or 0))
    if entity == "networks":
        return (int(cells["priority"]) if cells.get("priority") is not None else 1 << 30,)
    return ()


def _starts(row: ReferenceRow, *, is_first: bool) -> int:
    if is_first and row.entity not in _FROM_VALID_FROM:
        return BEGINNING
    return _micros(row.cells.get("valid_from"), BEGINNING if is_first else row.known_us)


def _micros(value: datetime | str | None, default: int) -> int:
    if value is None:
        return default
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return micros(at if at.tzinfo else at.replace(tzinfo=UTC))


def _ledger_row(row: ReferenceRow, version: Version, version_no: int, commit_id: int) -> list[Any]:
    at = {
        "valid_from": None if version.starts == BEGINNING else version.starts,
        "valid_to": None if version.ends == END else version.ends,
        "known_at": row.known_us,
    }
    values: list[Any] = []
    for column in LEDGER_TABLES[row.entity]:
        if column in at:
            moment = at[column]
            values.append(None if moment is None else instant(moment))
        elif column in _IDS:
            entity, code_column = _IDS[column]
            code = row.cells.get(code_column)
            values.append(None if code in (None, "", "*") else code_id(entity, str(code)))
        elif column == "member_id":
            values.append(code_id(str(row.cells["member_kind"]), str(row.cells["member_code"])))
        elif column == "version_no":
            values.append(version_no)
        elif column == "commit_id":
            values.append(commit_id)
        elif column == "is_virtual":
            values.append(False)
        elif column == "item_kind":
            values.append(row.cells.get(column) or "stock")
        else:
            values.append(row.cells.get(column))
    return values


def _row_hash(cells: dict[str, Any]) -> str:
    kept = {name: _plain(value) for name, value in sorted(cells.items()) if value is not None}
    return hashlib.sha256(json.dumps(kept, ensure_ascii=False).encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
