"""Shopify's webhook bodies of topics that nothing else knows: named by the global id that they hold.

There are some two hundred topics, and more with each version. Nearly all of their bodies name what they are about by a
global id (`gid://shopify/FulfillmentOrder/1`), at the top or one or two levels below; the few that do not are told in
`unusable.py`. Asked only of a document that nobody took, so that it takes nothing from anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.shopify.common import GID, GID_FIELD

_DEPTH: Final = 6
_TYPE: Final = re.compile(re.escape(GID) + r"([A-Z][A-Za-z]{1,60})/")
_SEEN: Final = 200
_OWN: Final = ("id", GID_FIELD)


def title_by_id(document: Any) -> str | None:
    """What a body is about, by the global id in it that lies least deep, one that is called `id` before others; null without any.

    >>> title_by_id({"destination_location_id": "gid://shopify/Location/1", "moved": {"id": "gid://shopify/FulfillmentOrder/2"}})
    'Shopify fulfillment order'
    """
    for is_own in (True, False):
        level: list[Any] = [document]
        for _ in range(_DEPTH):
            for name, text in _texts(level):
                found = _TYPE.match(text) if (name in _OWN) >= is_own else None
                if found:
                    return f"Shopify {_words(found.group(1))}"
            level = [inner for value in level for _, inner in _inside(value) if isinstance(inner, dict | list)][:_SEEN]
    return None


def _inside(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else [("", each) for each in value[:_SEEN]] if isinstance(value, list) else []


def _texts(level: list[Any]) -> Iterator[tuple[str, str]]:
    for value in level:
        for name, inner in _inside(value):
            if isinstance(inner, str):
                yield name, inner


def _words(type_name: str) -> str:
    """The words of a type's name.

    >>> _words("ReverseFulfillmentOrder")
    'reverse fulfillment order'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type_name).lower()
