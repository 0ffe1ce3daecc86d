"""Shopify: what its documents have in common, whichever of them it is.

Belongs here: how a body is found in what the Admin REST API or a webhook sends, and reading its numbers and items. Does
not belong here: what a document says (`<document>.py`), and what is of no use (`unusable.py`).

Follows the Admin REST API 2024-10 and the webhooks of the same version. The API wraps one body (`{"order": {…}}`) or a
page of them (`{"orders": […]}`); a webhook sends the body bare. A body is told by its global id
(`gid://shopify/Order/…`) where it has one, else by fields that no other document has together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Inexact, Line
from pipelines.feeds.reading.rows import Refused

VENDOR: Final = "shopify"
GID: Final = "gid://shopify/"
GID_FIELD: Final = "admin_graphql_api_id"

Body = dict[str, Any]


def is_body(value: Any, type_name: str, fields: frozenset[str]) -> bool:
    """Whether a value is a body of this type: by its global id, else because it has all these fields.

    >>> is_body({"admin_graphql_api_id": "gid://shopify/Refund/9"}, "Refund", frozenset({"id"}))
    True
    """
    if not isinstance(value, dict):
        return False
    gid = value.get(GID_FIELD)
    if isinstance(gid, str) and gid.startswith(GID):
        return gid.startswith(type_name + "/", len(GID))
    return fields <= value.keys()


def objects_that_tell(document: Any) -> tuple[Body, ...]:
    """The document itself: whatever wraps a body or stands in it is named at the top. See `Vendor.objects`."""
    return (document,) if isinstance(document, dict) else ()


def marks_of(one: str, many: str, field: str = GID_FIELD) -> frozenset[str]:
    """The names that tell a document of a kind: what wraps it, the global id, and one field that its bare body has."""
    return frozenset({one, many, GID_FIELD, field})


def recogniser(one: str, many: str, is_one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a document is such a body, wraps one under `one`, or is a page of them under `many` (it may be empty)."""

    def recognises(document: Any) -> bool:
        if not isinstance(document, dict):
            return False
        if len(document) == 1:
            ((name, inner),) = document.items()
            if name == many and isinstance(inner, list):
                return not inner or is_one(inner[0])
            if name == one:
                return is_one(inner)
        return is_one(document)

    return recognises


def each_body(document: Body, one: str, many: str, lines: Callable[[str, Body], Iterator[Line | Refused]]) -> Iterator[Line | Refused]:
    """Lines of every body of a recognised document; `lines` gets a body and its path. A body that is refused stops no other."""
    if not isinstance(document, dict):
        raise Refused("unknown_document")
    if len(document) == 1 and isinstance(document.get(many), list):
        bodies = [(f"{many}[{number}].", body) for number, body in enumerate(document[many])]
    elif len(document) == 1 and one in document:
        bodies = [(f"{one}.", document[one])]
    else:
        bodies = [("", document)]
    for path, body in bodies:
        if not isinstance(body, dict):
            yield Refused("wrong_type", path.rstrip("."))
            continue
        try:
            made = list(lines(path, body))  # whole or not at all
        except Refused as refused:
            yield refused
        else:
            yield from made


def or_refused(lines: Iterator[Line | Refused]) -> Iterator[Line | Refused]:
    """The lines, and at their end what was refused of the part that they are of."""
    try:
        yield from lines
    except Refused as refused:
        yield refused


def listed(body: Body, name: str, path: str, is_needed: bool = True) -> list[tuple[str, Body]]:
    """The objects of the list of this name, each with its path.

    Raises Refused when the body has no such list though it `is_needed` (as one that was asked for without it), or when
    something else than objects stands in it.
    """
    found = body.get(name)
    if found is None and not is_needed:
        return []
    if not isinstance(found, list):
        raise Refused("missing_field" if found is None else "wrong_type", path + name)
    for position, each in enumerate(found):
        if not isinstance(each, dict):
            raise Refused("wrong_type", f"{path}{name}[{position}]")
    return [(f"{path}{name}[{position}].", each) for position, each in enumerate(found)]


def number(body: Body, name: str, path: str) -> str:
    """An id or a number as text, with all its digits; raises Refused when it is missing or no number."""
    value = body.get(name)
    if type(value) is int:
        return str(value)
    if type(value) is float:
        raise Inexact
    if value is None or value == "":
        raise Refused("missing_field", path + name)
    if isinstance(value, str):
        return str(value)
    raise Refused("wrong_type" if isinstance(value, bool) else "nested_value", path + name)


def number_or_none(body: Body, name: str, path: str) -> str | None:
    """As `number`, null where it is missing."""
    return None if body.get(name) in (None, "") else number(body, name, path)


def whole(text: str, path: str) -> int:
    """The whole number that a text says; raises Refused.

    >>> whole("12", "quantity"), whole("12.0", "quantity")
    (12, 12)
    """
    digits = text.rstrip("0").removesuffix(".") if "." in text else text
    if not digits.lstrip("-").isdecimal() or len(digits) > 18:
        raise Refused("not_whole", path, text)
    return int(digits)


def item_of(line: Body, path: str) -> dict[str, str]:
    """How a line names its item: the seller's SKU, else Shopify's own id of the variant (kind `vendor`).

    Raises Refused where it has neither, as a tip or a line that somebody typed in.
    """
    sku = line.get("sku")
    if isinstance(sku, str) and sku.strip():
        return {"item_code": str(sku)}
    if sku is not None and not isinstance(sku, str):
        raise Refused("wrong_type" if isinstance(sku, bool) else "number_as_code", path + "sku")
    variant = number_or_none(line, "variant_id", path)
    if variant is None:
        raise Refused("missing_field", path + "sku")
    return {"item_code": f"{GID}ProductVariant/{variant}", "item_code_kind": "vendor"}
