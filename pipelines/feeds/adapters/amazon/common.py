"""Amazon's Selling Partner API: what its documents have in common.

Belongs here: taking a document out of its wrappings, reading its numbers and times, and the codes that Amazon's words
become. Does not belong here: what one document says (`<document>.py`).

**Codes.** An order's channel is its marketplace: `<folder>-<marketplace id>` (`amazon-A13V1IB3VIYZZH` where the documents
lie in the feed's own folder), because that is where the customer bought; two accounts in one marketplace are told apart
by their folders. What Amazon keeps for a marketplace lies at the location `<channel>-AFN`, of kind `channel_fulfilment`:
Amazon names its fulfilment centres only on the way in, and sells from all of them. Where marketplaces share their stock
(Europe), each one's pool is what Amazon says can be sold there. An item is its seller SKU; only where there is none, its
ASIN, of kind `vendor`.

**Wrappings.** A document may be the answer as it came (`payload` and `pagination` around it, or not), a recorded call
(`request` and `response`; of a call that sends something, what was sent, once Amazon took it), or a notification inside an
EventBridge event (`detail`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Line, Place
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.reading.times import read_instant

VENDOR: Final = "amazon"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST: Final = 2_147_483_647
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_FRACTION: Final = re.compile(r"\.[0-9]+")
_ANSWER: Final = frozenset({"payload", "pagination", "errors"})
_CALL: Final = frozenset({"request", "response"})
NOTHING: Final = "\x00"
"""The name that an empty answer is told by."""


def content(document: Any) -> Any:
    """A document without its wrappings; what is wrapped in nothing known comes back as it is.

    >>> content({"request": {"parameters": {}}, "response": {"payload": {"Orders": []}}})
    {'Orders': []}
    """
    if not isinstance(document, dict):
        return document
    if is_call(document):
        document = _answered(document)
    elif "detail-type" in document and "detail" in document:
        document = document["detail"]
    if isinstance(document, dict) and "payload" in document and _ANSWER.issuperset(document):
        return document["payload"]
    return document


def objects_that_tell(document: Any) -> tuple[dict[str, Any], ...]:
    """The objects of a document whose names show whether it may be Amazon's; see `Vendor.objects`.

    They are the document itself, what is in its wrappings (the first of a list), and the order or the first of the orders in it,
    for others send `order` and `orders`, too. An answer that is empty shows that by a name that nothing else has.
    """
    if document == {}:
        return ({NOTHING: None},)
    inner = content(document)
    if isinstance(inner, list) and inner:
        inner = inner[0]
    order, orders = at(inner, "order"), at(inner, "orders")
    first = orders[0] if isinstance(orders, list) and orders else None
    return tuple(one for one in (document, inner, order, first) if isinstance(one, dict))


def body(document: Any) -> dict[str, Any]:
    """A document's content, which must be an object; raises Refused."""
    inner = content(document)
    if not isinstance(inner, dict):
        raise Refused("unknown_document")
    return inner


def is_call(document: Any) -> bool:
    """Whether a document is a recorded call: the request, and the response where there was content in it."""
    return isinstance(document, dict) and "request" in document and _CALL.issuperset(document)


def _answered(call: dict[str, Any]) -> Any:
    """Of a call that sends something and gets a number for it, what was sent; else the answer."""
    answer = call.get("response", {})
    sent = at(call, "request", "parameters", "body", "value")
    if isinstance(sent, dict) and (answer == {} or transaction(answer)):
        return sent
    return answer


def transaction(answer: Any) -> bool:
    """Whether an answer only says that something was taken, and under what number."""
    taken = at(answer, "payload")
    return isinstance(taken, dict) and set(taken) == {"transactionId"}


def at(value: Any, *path: str) -> Any:
    """What lies at a path of names; null where it breaks off.

    >>> at({"a": {"b": 1}}, "a", "b"), at({"a": []}, "a", "b")
    (1, None)
    """
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def objects(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list, each with its path; raises Refused where there is no such list."""
    if value is None:
        raise Refused("missing_field", path)
    if not isinstance(value, list):
        raise Refused("nested_value", path)
    for number, one in enumerate(value):
        if not isinstance(one, dict):
            raise Refused("nested_value", f"{path}[{number}]")
        yield f"{path}[{number}]", one


def text(value: Any, path: str) -> str:
    """Text that must be there; raises Refused."""
    if type(value) is str and value:
        return value
    if value is None or value == "":
        raise Refused("missing_field", path)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refused("nested_value", path)
    return str(value)


def is_short_number(value: Any) -> bool:
    """Whether it is a number from 0 of a few digits, as nearly all are."""
    return isinstance(value, str) and len(value) < 10 and value.isascii() and value.isdecimal()


def whole(value: Any, path: str) -> int:
    """A whole number from 0 that must be there; raises Refused."""
    if is_short_number(value):
        return int(value)
    written = text(value, path)
    if not _WHOLE.fullmatch(written):
        raise Refused("not_whole", path, written)
    if (number := int(written)) < 0:
        raise Refused("quantity_negative", path, written)
    return number


def optional_whole(value: Any, path: str) -> int:
    """A whole number from 0; 0 where Amazon leaves it out because there is none. Raises Refused."""
    return 0 if value is None else whole(value, path)


def seconds(value: Any, path: str) -> int:
    """Seconds from 2000 to a time that must be there (one without an offset counts as UTC); raises Refused.

    >>> seconds("2000-01-01T01:00:00.5+00:30", "")
    1800
    """
    written = text(value, path)
    read = _seconds(written)
    if read is None:
        raise Refused("bad_time", path, written)
    return read


@lru_cache(maxsize=4096)
def _seconds(written: str) -> int | None:
    """The same time stands in many lines of an order."""
    read = read_instant(written)
    return None if read is None else (read[0].replace(tzinfo=UTC) - _EPOCH - timedelta(minutes=read[1] or 0)) // timedelta(seconds=1)


def since_2000(value: Any, path: str) -> int:
    """A revision that grows with a time: its seconds from 2000. Raises Refused where there is no such time."""
    return min(max(seconds(value, path), 0), _LAST)


def first_told(value: Any, path: str) -> int:
    """A revision that grows the earlier the time is, so that of several documents that tell a fact the first stands.

    For facts whose own time Amazon does not tell: the first update that shows one is the nearest to it.
    """
    return _LAST - since_2000(value, path)


def to_the_second(value: str) -> str:
    """A time without its fraction, so that two updates within one second say the same.

    >>> to_the_second("2026-03-02T10:00:00.123Z")
    '2026-03-02T10:00:00Z'
    """
    return _FRACTION.sub("", value, count=1)


def channel(place: Place, marketplace: Any, path: str) -> str:
    """The channel of a marketplace; raises Refused where the marketplace is not named."""
    return f"{place.channel(VENDOR)}-{text(marketplace, path)}"


def pool(channel_code: str) -> str:
    """The location of what Amazon keeps and ships for a channel.

    >>> pool("amazon-A13V1IB3VIYZZH")
    'amazon-A13V1IB3VIYZZH-AFN'
    """
    return f"{channel_code}-AFN"


def item(sku: Any, asin: Any, path: str) -> Line:
    """The item's columns: its seller SKU, else its ASIN; raises Refused where there is neither."""
    if sku is None or sku == "":
        if asin is None or asin == "":
            raise Refused("missing_field", path)
        return {"item_code": text(asin, path), "item_code_kind": "vendor"}
    return {"item_code": text(sku, path)}


def price(money: Any, amount: str, currency: str, path: str) -> Line:
    """The price's columns; none where there is no amount. Raises Refused where what is there is no money."""
    if money is None:
        return {}
    if not isinstance(money, dict):
        raise Refused("nested_value", path)
    if money.get(amount) is None:
        return {}
    return {"unit_price_amount": money[amount], "currency_code": money.get(currency)}


def each(values: Any, path: str, lines: Callable[[dict[str, Any], str], Iterator[Line | Refused]]) -> Iterator[Line | Refused]:
    """Lines of every object of a list: one that cannot be read whole is one refusal, the others go on."""
    for where, one in objects(values, path):
        try:
            made = list(lines(one, where))
        except Refused as refused:
            yield refused
        else:
            yield from made
