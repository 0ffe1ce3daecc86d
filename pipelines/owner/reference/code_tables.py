"""The tables by which codes are looked up: what each code means, when, and as known when.

Belongs here: the span rows of `code_*`, `kit_components`, `item_merges` and `channel_network`, made of the versions of
reference rows. Does not belong here: taking reference rows (`rows.py`), the algebra of versions (`versions.py`), or
into what a merged item goes (`merges.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pipelines.events import polars_type
from pipelines.ledger.ids import code_id
from pipelines.owner.reference.bundles import take_apart
from pipelines.owner.reference.merges import Link, merge_versions, next_link, survivor
from pipelines.owner.reference.versions import BEGINNING, END, Facts, Span, Version, spans
from pipelines.owner.schema import columns_of

if TYPE_CHECKING:
    import duckdb

STORE_CHANNEL: Final = "store"
"""The channel of a till's line that names none; known without a reference file."""


class History:
    """The versions of every reference row, in the order in which they became known."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, tuple[str, ...]], list[Version]] = {}
        self._keys: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
        self._keys_to: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)

    def add(self, entity: str, key: tuple[str, ...], version: Version) -> None:
        """Remember a version."""
        if (entity, key) not in self._versions:
            self._keys[entity, key[0]].append(key)
            if entity in ("bom", "relations"):
                self._keys_to[entity, key[1]].append(key)
        if entity == "item_codes" and key not in self._keys_to[entity, version.facts[0]]:
            self._keys_to[entity, version.facts[0]].append(key)
        versions = self._versions.setdefault((entity, key), [])
        versions.append(version)
        versions.sort(key=lambda each: each.known)  # stable: rows of one file stay in their order

    def of(self, entity: str, *key: str) -> list[Version]:
        """Versions of a key; none where it was never named."""
        return self._versions.get((entity, key), [])

    def keys(self, entity: str, first: str) -> list[tuple[str, ...]]:
        """Keys of an entity that begin with this column."""
        return self._keys[entity, first]

    def keys_to(self, entity: str, second: str) -> list[tuple[str, ...]]:
        """Keys of `bom`, `relations` or `item_codes` that lead to this item."""
        return self._keys_to[entity, second]

    def merges(self, item: str) -> list[tuple[str, ...]]:
        """Keys of the merges that take an item into another."""
        return [key for key in self._keys.get(("relations", item), ()) if key[2] == "merge"]


class CodeTables:
    """Keeps the span tables of a warehouse in line with the history."""

    def __init__(self, con: duckdb.DuckDBPyConnection, history: History) -> None:
        self._con, self._history = con, history

    def write(self, touched: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Write the span rows of the touched codes anew; returns those that had rows and now have others."""
        changed: set[tuple[str, str]] = set()
        touched = self._with_merged(touched)
        for table, rows_of, where, thing in (
            ("code_items", self._item_rows, "named_item_id = ?", "item"),
            ("item_merges", self._merge_rows, "item_id = ?", "item"),
            ("code_uoms", self._uom_rows, "item_id = ?", "uom"),
            ("code_locations", self._location_rows, "location_id = ?", "location"),
            ("code_channels", self._channel_rows, "channel_id = ?", "channel"),
            ("code_suppliers", self._supplier_rows, "supplier_id = ?", "supplier"),
            ("code_sources", self._source_rows, "source_system = ?", "source"),
            ("kit_components", self._kit_rows, "kit_item_id = ?", "kit"),
            ("channel_network", self._network_rows, "channel_id = ?", "network"),
        ):
            codes = sorted(code for kind, code in touched if kind == thing)
            if not codes:
                continue
            handles = [code if thing == "source" else (0 if code == "*" else code_id(_ID_ENTITY[thing], code)) for code in codes]
            before: dict[Any, set[tuple[Any, ...]]] = defaultdict(set)
            column = where.split()[0]
            for stored in self._con.execute(
                f"select {column} as handle, * from {table} where {column} in (select unnest(?))", [handles]
            ).fetchall():
                before[stored[0]].add(stored[1:])
            fresh: list[tuple[Any, ...]] = []
            for code, handle in zip(codes, handles, strict=True):
                rows = rows_of(code)
                if _means_otherwise(thing, before[handle], set(rows)):
                    changed.add((thing, code))
                fresh += rows
            if before:
                self._con.execute(f"delete from {table} where {column} in (select unnest(?))", [handles])
            if fresh:
                insert_rows(self._con, table, fresh)
        return changed

    def _with_merged(self, touched: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """With the items that merges lead into touched ones, the kits that have such items in them, and those around touched bundles."""
        items = [code for thing, code in touched if thing == "item"]
        found = set(items)
        while items:
            sources = {key[0] for key in self._history.keys_to("relations", items.pop()) if key[2] == "merge"} - found
            found |= sources
            items += sources
        kits = {key[0] for code in found if self._history.merges(code) for key in self._history.keys_to("bom", code)}
        kits |= {code for thing, code in touched if thing == "kit" or (thing == "item" and self._was_bundle(code))}
        inner = list(kits)
        while inner:
            around = {key[0] for key in self._history.keys_to("bom", inner.pop())} - kits
            kits |= around
            inner += around
        return touched | {("item", code) for code in found} | {("kit", code) for code in kits}

    def _was_bundle(self, code: str) -> bool:
        return any(version.facts[0] == "bundle" for version in self._history.of("items", code))

    def _bundles_inside(self, code: str) -> list[str]:
        """Components of a kit, and of those among them, that ever were bundles."""
        found: list[str] = []
        opened = [code]
        for kit in opened:  # grows on the way
            inside = {key[1] for key in self._history.keys("bom", kit) if self._was_bundle(key[1])}
            found += sorted(inside - set(found))
            opened += sorted(inside - set(opened))
        return found

    def _merging(self, code: str) -> tuple[list[list[Version]], Callable[[Sequence[Facts | None]], tuple[str, Link | None]]]:
        """What decides into which item an item goes: groups of versions, and what follows of the facts that hold in them.

        No groups where no merge ever named the item.
        """
        items, keys = [code], list(self._history.merges(code))
        for key in keys:  # grows on the way
            if key[1] not in items:
                items.append(key[1])
                keys += self._history.merges(key[1])
        if not keys:
            return [], lambda _: (code, None)

        def follow(facts: Sequence[Facts | None]) -> tuple[str, Link | None]:
            holding = dict(zip(items, facts, strict=False))
            links: dict[str, list[Link]] = defaultdict(list)
            for key, link in zip(keys, facts[len(items) :], strict=True):
                if link is not None:
                    links[key[0]].append(link)
            into = survivor(code, holding, links)
            return into, next_link(code, holding, links) if into != code else None

        groups = [self._history.of("items", item) for item in items]
        return groups + [merge_versions(self._history.of("relations", *key)) for key in keys], follow

    def _item_rows(self, code: str) -> list[tuple[Any, ...]]:
        item = self._history.of("items", code)
        own_id = code_id("item", code)
        merging, follow = self._merging(code)

        def meant(facts: tuple[Any, ...]) -> Facts | None:
            return None if facts[0] is None else (*facts[0][:2], follow(facts[1:])[0])

        made = spans([item, *merging], meant) if merging else spans([item])
        rows = [
            ("sku", code, own_id, code_id("item", s.facts[2]) if merging else own_id, *s.facts[:2], None, 1, 1, *_bounds(s)) for s in made
        ]
        packs = {key[1]: self._history.of("uoms", *key) for key in self._history.keys("uoms", code)}
        gtins = {v.facts[2] for v in item if v.facts[2]} | {v.facts[2] for history in packs.values() for v in history if v.facts[2]}
        for gtin in sorted(gtins):
            units = list(packs)

            def named(facts: tuple[Any, ...], gtin: str = gtin, units: list[str] = units) -> Facts | None:
                holds, *unit_facts = facts
                if holds is None:
                    return None
                into = follow(unit_facts[len(units) :])[0]
                if holds[2] == gtin:
                    return (holds[0], holds[1], holds[1], 1, 1, into)
                for unit, fact in zip(units, unit_facts, strict=False):
                    if fact is not None and fact[2] == gtin:
                        return (holds[0], holds[1], unit, fact[0], fact[1], into)
                return None

            for s in spans([item, *packs.values(), *merging], named):
                *meaning, into = s.facts
                rows.append(("gtin", gtin, own_id, code_id("item", into), *meaning, *_bounds(s)))
        return rows + self._vendor_rows(code, item, merging, follow)

    def _vendor_rows(
        self,
        code: str,
        item: list[Version],
        merging: list[list[Version]],
        follow: Callable[[Sequence[Facts | None]], tuple[str, Link | None]],
    ) -> list[tuple[Any, ...]]:
        """Rows of the codes by which vendors call an item."""

        def called(facts: tuple[Any, ...]) -> Facts | None:
            holds, coded, *rest = facts
            return None if holds is None or coded is None or coded[0] != code else (*holds[:2], follow(rest)[0])

        return [
            ("vendor", key[0], code_id("item", code), code_id("item", s.facts[2]), *s.facts[:2], None, 1, 1, *_bounds(s))
            for key in sorted(self._history.keys_to("item_codes", code))
            for s in spans([item, self._history.of("item_codes", *key), *merging], called)
        ]

    def _merge_rows(self, code: str) -> list[tuple[Any, ...]]:
        merging, follow = self._merging(code)
        if not merging:
            return []
        made = spans(merging, lambda facts: follow(facts)[1])
        links = dict.fromkeys((s.facts.into, s.facts.merged_us, s.known_from, s.known_to) for s in made)
        return [(code_id("item", code), code_id("item", into), *rest) for into, *rest in links]

    def _uom_rows(self, code: str) -> list[tuple[Any, ...]]:
        item_id = 0 if code == "*" else code_id("item", code)
        return [
            (item_id, key[1], s.facts[0], s.facts[1], *_bounds(s))
            for key in self._history.keys("uoms", code)
            for s in spans([[v for v in self._history.of("uoms", *key)]])
        ]

    def _location_rows(self, code: str) -> list[tuple[Any, ...]]:
        history = self._history.of("locations", code)
        location_id = code_id("location", code)
        rows = [("own", code, location_id, *s.facts[:4], *_bounds(s)) for s in spans([history])]
        for gln in sorted({v.facts[4] for v in history if v.facts[4]}):

            def named(facts: tuple[Any, ...], gln: str = gln) -> Facts | None:
                return facts[0] if facts[0] is not None and facts[0][4] == gln else None

            rows += [("gln", gln, location_id, *s.facts[:4], *_bounds(s)) for s in spans([history], named)]
        return rows

    def _channel_rows(self, code: str) -> list[tuple[Any, ...]]:
        history = self._history.of("channels", code)
        if code == STORE_CHANNEL:  # known without a file; a file about it adds what it says
            builtin = [Version(BEGINNING, BEGINNING, END, (None,))]
            made = spans([history, builtin], lambda facts: facts[0] if facts[0] is not None else facts[1])
        else:
            made = spans([history])
        return [(code, code_id("channel", code), s.facts[0], *_bounds(s)) for s in made]

    def _supplier_rows(self, code: str) -> list[tuple[Any, ...]]:
        return [(code, code_id("supplier", code), s.facts[0], *_bounds(s)) for s in spans([self._history.of("suppliers", code)])]

    def _source_rows(self, code: str) -> list[tuple[Any, ...]]:
        return [(code, *s.facts, *_bounds(s)) for s in spans([self._history.of("sources", code)])]

    def _kit_rows(self, code: str) -> list[tuple[Any, ...]]:
        bundles = self._bundles_inside(code)
        keys = [key for kit in dict.fromkeys([code, *bundles]) for key in sorted(self._history.keys("bom", kit))]
        groups = [self._history.of("bom", *key) for key in keys] + [self._history.of("items", bundle) for bundle in bundles]
        n_stated = len(groups)
        merging = {}
        for component in dict.fromkeys(key[1] for key in keys):
            more, follow = self._merging(component)
            merging[component] = (follow, slice(len(groups), len(groups) + len(more)))
            groups += more

        def parts(facts: tuple[Any, ...]) -> Facts | None:
            boms: dict[str, dict[str, int]] = defaultdict(dict)
            for key, fact in zip(keys, facts, strict=False):
                if fact is not None:
                    boms[key[0]][key[1]] = fact[0]
            kinds = zip(bundles, facts[len(keys) : n_stated], strict=True)
            whole = take_apart(code, boms, {bundle for bundle, fact in kinds if fact is not None and fact[0] == "bundle"})
            if whole is None:
                return None
            return tuple(
                (component, units, follow(facts[own])[0]) for component, units in whole.items() for follow, own in [merging[component]]
            )

        kit = code_id("item", code)
        return [
            (kit, number, code_id("item", into), code_id("item", component), units, *_bounds(s))
            for s in spans(groups, parts)
            for number, (component, units, into) in enumerate(s.facts, start=1)
        ]

    def _network_rows(self, code: str) -> list[tuple[Any, ...]]:
        """The one location that gets the channel's orders: of lowest priority; of equals other than stores first, then by code."""
        keys = sorted(self._history.keys("networks", code))
        made = spans(
            [self._history.of("networks", *key) for key in keys],
            lambda facts: min(
                ((fact[0], self._is_store(key[1]), key[1]) for key, fact in zip(keys, facts, strict=True) if fact is not None), default=None
            ),
        )
        return [(code_id("channel", code), code_id("location", s.facts[2]), *_bounds(s)) for s in made]

    def _is_store(self, code: str) -> bool:
        history = self._history.of("locations", code)
        return bool(history) and history[-1].facts[0] == "store"


_ID_ENTITY: Final = {
    "item": "item",
    "uom": "item",
    "kit": "item",
    "location": "location",
    "channel": "channel",
    "network": "channel",
    "supplier": "supplier",
}


def _means_otherwise(thing: str, before: set[tuple[Any, ...]], now: set[tuple[Any, ...]]) -> bool:
    """Whether what was posted under the span rows before may have to be posted otherwise.

    A code more is no change. A kit is all its components together. An order keeps the location it was given, so that
    only the first network of a channel moves orders.
    """
    if thing == "network":
        return not before
    if thing == "kit":
        return bool(before) and before != now
    return bool(before - now)


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows at once, which is far faster than one statement a row."""
    import polars as pl

    columns = {
        name: pl.Series(values, dtype=polars_type(kind))
        for (name, kind), values in zip(columns_of(table).items(), zip(*rows, strict=True), strict=True)
    }
    con.register("rows_to_insert", pl.DataFrame(columns).to_arrow())
    con.execute(f"insert into {table} select * from rows_to_insert")
    con.unregister("rows_to_insert")


def _bounds(span: Span) -> tuple[int, int, int, int]:
    return span.valid_from, span.valid_to, span.known_from, span.known_to
