"""What an adapter is: how a vendor's document is recognised, and the function that turns it into lines of a feed; and a vendor."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from pipelines.feeds.mapping.documents import MappedRow
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.reading.rows import Refused

Line = dict[str, Any]
"""A line as the feed's canonical form has it, by the event's columns: text, or numbers as `decode` gives them (text of
their own), true or false. Fields that the feed does not list go to `extra`, personal ones are dropped."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a document lay: the source system that its folder names; null where it lay in the feed's own folder."""

    source_system: str | None

    def channel(self, vendor: str) -> str:
        """The channel of the document's orders: what the folder is called, else the vendor.

        >>> Place("shop-fr").channel("shopify"), Place(None).channel("shopify")
        ('shop-fr', 'shopify')
        """
        return self.source_system or vendor


class Inexact(Exception):
    """A number that a line needs came as a float, which has lost what was written."""


def all_of_it(content: bytes) -> None:
    """A document that leaves nothing out when it is read the quick way; see `Adapter.quick`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Adapter:
    """A vendor's document.

    `name` is what `--format` calls it, `title` what a sentence calls it (without an article), `feed` the feed whose
    lines it makes. `recognises` answers for a decoded JSON value by its shape alone, and must not take what another
    adapter takes; `marks` are names of which whatever it recognises has one where its vendor looks (`Vendor.objects`). `lines`
    gives its lines in the document's order: a line, or a `Refused` for one that cannot be made (its `field` is the path in the
    document); it may raise `Refused` itself when the document as a whole is none. The same document always gives the same lines.

    `quick` says that the document may be read a quick way: numbers then come as int and float, and `lines` raises `Inexact`
    when it meets a float that it needs, and gets the document again as written. It decodes of the bytes no more than what
    `recognises` and `lines` look at; null when they are not this adapter's, or not as plain as that, or nothing would be left
    out (`all_of_it`): then all of the document is decoded.

    `mapping` gives the shipped mapping of an adapter that has no code: `lines` then gives rows that are read through it.
    """

    name: str
    title: str
    feed: str
    marks: frozenset[str]
    recognises: Callable[[Any], bool]
    lines: Callable[[Any, Place], Iterator[Line | MappedRow | Refused]]
    quick: Callable[[bytes], Any] | None = None
    mapping: Callable[[], Mapping] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Unusable:
    """A vendor's document that is known and says nothing that a feed could take; it is refused by its title. `marks` as an adapter's."""

    title: str
    marks: frozenset[str]
    recognises: Callable[[Any], bool]


@dataclasses.dataclass(frozen=True)
class Vendor:
    """Whose documents these are. `objects` gives the objects of a decoded document whose names show whose it is.

    `adapters` are tried in their order, then `unusable`.
    """

    name: str
    objects: Callable[[Any], tuple[dict[str, Any], ...]]
    adapters: tuple[Adapter, ...]
    unusable: tuple[Unusable, ...]

    @cached_property
    def marks(self) -> frozenset[str]:
        """The names of which every document of this vendor has one."""
        known: tuple[Adapter | Unusable, ...] = (*self.adapters, *self.unusable)
        return frozenset().union(*(one.marks for one in known))

    def may_have_sent(self, document: Any) -> bool:
        """Whether a document may be one of this vendor's; false where none of its recognisers would take it."""
        return not all(self.marks.isdisjoint(one) for one in self.objects(document))
