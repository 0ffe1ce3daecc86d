"""What an adapter is: how a vendor's document is recognised, and the function that turns it into lines of a feed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

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


@dataclasses.dataclass(frozen=True, slots=True)
class Adapter:
    """A vendor's document.

    `name` is what `--format` calls it, `title` what a sentence calls it (without an article), `feed` the feed whose
    lines it makes. `recognises` answers for a decoded JSON value by its shape alone, and must not take what another
    adapter takes. `lines` gives its lines in the document's order: a line, or a `Refused` for one that cannot be made
    (its `field` is the path in the document); it may raise `Refused` itself when the document as a whole is none.
    The same document always gives the same lines.

    `takes_plain_numbers` says that numbers may also come as int and float, which is many times faster to read; `lines`
    then raises `Inexact` when it meets a float that it needs, and gets the document again with its numbers as written.

    `sketch` decodes of a document's bytes only what `recognises` and `lines` look at, which is many times faster for a
    document of which little is used; null when it is not one of this adapter's, or not as plain as that.
    """

    name: str
    title: str
    feed: str
    recognises: Callable[[Any], bool]
    lines: Callable[[Any, Place], Iterator[Line | Refused]]
    takes_plain_numbers: bool = False
    sketch: Callable[[bytes], Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Unusable:
    """A vendor's document that is known and says nothing that a feed could take; it is refused by its title."""

    title: str
    recognises: Callable[[Any], bool]
