"""What Python writes into SQL: texts, paths and lists, quoted in one way.

Belongs here: literals. Does not belong here: any query, or names of tables and columns, which are ours and need no quoting.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def literal(text: str | Path) -> str:
    """A text or path as an SQL literal.

    >>> literal("l'heure")
    "'l''heure'"
    """
    return "'" + (text if isinstance(text, str) else text.as_posix()).replace("'", "''") + "'"


def listed(words: Iterable[str | Path]) -> str:
    """Texts or paths as a list of literals, in their order: what `in (…)` and `[…]` enclose; empty where there are none.

    >>> listed(["sale", "l'heure"])
    "'sale', 'l''heure'"
    """
    return ", ".join(literal(word) for word in words)


def one_of(words: Iterable[str | Path]) -> str:
    """The same in parentheses, as `in` takes it.

    >>> one_of(["asn"])
    "('asn')"
    """
    return f"({listed(words)})"
