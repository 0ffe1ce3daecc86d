"""Item merges: two codes that turn out to name the same goods. Pure functions.

Belongs here: into which item an item goes, as valid and as known when. Does not belong here: the tables made of it
(`code_tables.py`) or what counts make of it (`owner.posting.counts`).

A merge says that the item *is* the related one. It holds for all that the item's code ever named, so that stock, orders,
notices and demand stay whole under one id; its `valid_from` is when the two heaps became one: before it a count was of
the named code's goods alone. It holds up to its `valid_to`; one that ends where it begins is taken back. Merges chain.
A merge does nothing while its target is unknown, while the two differ in base unit or one of them is never stocked
(bundle, service), or where it leads in a circle: the item then stands for itself, and nothing is lost.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from pipelines.owner.reference.versions import BEGINNING, Facts, Version

STOCKED: Final = ("stock", "kit")


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """A merge that holds: into which item, from when both are counted as one (µs), and its rank among several."""

    into: str
    merged_us: int
    priority: int


def merge_versions(versions: Sequence[Version]) -> list[Version]:
    """The versions of a merge, each holding from the beginning with its Link as facts; taken back, it never holds.

    >>> [made] = merge_versions([Version(known=5, starts=3, ends=1 << 62, facts=("merge", "B", 1))])
    >>> made.starts == BEGINNING, made.facts
    (True, Link(into='B', merged_us=3, priority=1))
    """
    return [
        Version(v.known, BEGINNING, v.ends if v.ends > v.starts else BEGINNING, Link(v.facts[1], v.starts, v.facts[2])) for v in versions
    ]


def next_link(item: str, items: Mapping[str, Facts | None], links: Mapping[str, Sequence[Link]]) -> Link | None:
    """The merge that takes an item further, null where none does.

    `items` are the facts of the items that hold (kind, base unit, GTIN), `links` the merges that hold, by item.

    >>> items = {"A": ("stock", "EA", None), "B": ("stock", "EA", None), "C": ("stock", "CS", None)}
    >>> next_link("A", items, {"A": [Link("C", 0, 1), Link("B", 0, 2)]}), next_link("B", items, {})
    (Link(into='B', merged_us=0, priority=2), None)
    """
    mine = items.get(item)
    for link in sorted(links.get(item, ()), key=lambda link: (link.priority, link.into)):
        theirs = items.get(link.into)
        if mine is not None and theirs is not None and mine[0] in STOCKED and theirs[0] in STOCKED and mine[1] == theirs[1]:
            return link
    return None


def survivor(item: str, items: Mapping[str, Facts | None], links: Mapping[str, Sequence[Link]]) -> str:
    """The item that an item became, after all merges; itself where there is none, or where they go in a circle.

    >>> items = dict.fromkeys("ABC", ("stock", "EA", None))
    >>> survivor("A", items, {"A": [Link("B", 0, 1)], "B": [Link("C", 0, 1)]})
    'C'
    >>> survivor("A", items, {"A": [Link("B", 0, 1)], "B": [Link("A", 0, 1)]})
    'A'
    """
    seen = [item]
    while (link := next_link(seen[-1], items, links)) is not None:
        if link.into in seen:
            return item
        seen.append(link.into)
    return seen[-1]
