"""Ids that are equal on every machine.

Belongs here: how a code becomes a BIGINT. Does not belong here: keys of events (`pipelines.feeds`).
"""

from __future__ import annotations

import hashlib
from typing import Final

OURSELVES: Final = 0
"""owner_id of goods that are ours."""

VIRTUAL_LOCATIONS: Final = ("SUPPLIER", "CUSTOMER", "TRANSIT", "ADJUSTMENT", "OPENING", "SCRAP", "DONATION", "KITTING")
"""Places that close the balance; one per kind."""


def code_id(entity: str, code: str) -> int:
    """The id of an entity's code: 53 bits of SHA-256, so that JavaScript and spreadsheets keep it whole.

    >>> code_id("item", "MUG") == code_id("item", "MUG"), code_id("item", "MUG") != code_id("location", "MUG")
    (True, True)
    >>> 0 < code_id("item", "MUG") < 2**53
    True
    """
    digest = hashlib.sha256(f"{entity}\x1f{code}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 11 or 1
