"""A TOML table that is read key by key: each fault is noted under its full key, and a key nobody asked for is one."""

from __future__ import annotations

import difflib
from typing import Any, Self

import polars as pl


class Checked:
    """A table and the faults found in it so far (shared with the tables inside it). A key that is there must be asked for."""

    def __init__(self, table: dict[str, Any], path: str, faults: list[str]) -> None:
        self._table, self._path, self.faults = table, path, faults
        self._asked: set[str] = set()

    def fault(self, key: str, value: Any, what: str, among: list[str] | None = None, is_key: bool = False) -> None:
        """Note a fault: `value` is shown where there is one; the one `among` that is nearest to it (or to the key) is proposed."""
        full = ".".join(part for part in (self._path, key) if part)
        shown = "" if value is None else f" {value!r}" if len(repr(value)) <= 60 else f" {repr(value)[:57]}…"
        near = difflib.get_close_matches(str(key if value is None or is_key else value), among or (), 1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(among)}" if among and len(among) <= 20 else ""
        self.faults.append(f"{full}{shown}: {what}{hint}")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._asked.add(key)
        return key in self._table

    def names(self) -> list[str]:
        """All keys."""
        return list(self._table)

    def take(self, key: str) -> Any:
        """What stands under a key; null where nothing does."""
        self._asked.add(key)
        return self._table.get(key)

    def of(self, key: str, table: dict[str, Any]) -> Self:
        """A table that stands under a key."""
        return type(self)(table, f"{self._path}.{key}" if self._path else key, self.faults)

    def table(self, key: str, is_checked_whole: bool = True) -> Self:
        """The table under a key, empty where there is none."""
        said = self.take(key)
        if said is None or not isinstance(said, dict):
            if said is not None:
                self.fault(key, said, f"a table: [{key}]")
            said = {}
        return self.of(key, said)

    def text(self, key: str, default: str | None) -> str | None:
        """A text."""
        said = self.take(key)
        if said is None:
            return default
        if isinstance(said, str):
            return said
        if isinstance(said, int | float) and not isinstance(said, bool):
            self.fault(key, said, f'a text; write "{said}"')
        else:
            self.fault(key, said, "a text")
        return default

    def choice(self, key: str, among: tuple[str, ...], default: str | None) -> str | None:
        """One of some texts; without a `default` it must be there."""
        said = self.take(key)
        if said is None and default is not None:
            return default
        if said in among and isinstance(said, str):
            return said
        self.fault(key, said, f"it is missing; say one of {', '.join(among)}" if said is None else f"one of {', '.join(map(repr, among))}")
        return default

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        said = self.take(key)
        if said is None or isinstance(said, bool):
            return default if said is None else said
        self.fault(key, said, "true or false")
        return default

    def whole(self, key: str, default: int) -> int:
        """A number of lines: 0 or more, at most 1,000."""
        said = self.take(key)
        if said is None:
            return default
        if type(said) is int and 0 <= said <= 1_000:
            return said
        self.fault(key, said, "a whole number from 0 to 1000")
        return default

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """One text or several, none of them empty."""
        said = self.take(key)
        if said is None:
            return default
        several = said if isinstance(said, list) else [said]
        if several and all(isinstance(one, str) and one for one in several):
            if len(set(several)) < len(several):
                self.fault(key, said, "the same text twice")
            return tuple(several)
        self.fault(key, said, "a text or a list of texts, none of them empty")
        return default

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A table of texts, by name."""
        said = self.take(key)
        if said is None:
            return ()
        if isinstance(said, dict) and said and all(isinstance(value, str) for value in said.values()):
            return tuple(sorted(said.items()))
        self.fault(key, said, 'a table of texts: { "as written" = "what it means" }')
        return ()

    def inner(self, key: str) -> Self:
        """The table under a key, to note faults of single keys in it."""
        return self.of(key, {})

    def lists_by_name(self, key: str) -> list[tuple[str, tuple[str, ...]]]:
        """A table of texts or lists of texts, by name."""
        said = self.take(key)
        if said is None:
            return []
        if not isinstance(said, dict):
            self.fault(key, said, 'a table: { "a column" = ["a value", "another"] }')
            return []
        table = self.of(key, said)
        found = []
        for name in sorted(said):
            values = [said[name]] if isinstance(said[name], str) else said[name]
            if isinstance(values, list) and values and all(isinstance(one, str) for one in values):
                found.append((name, tuple(sorted(values))))
            else:
                table.fault(name, said[name], "a value or a list of values, each a text")
        return found

    def patterns(self, key: str) -> tuple[str, ...]:
        """Regular expressions."""
        found = self.texts(key, ())
        for pattern in found:
            try:
                matches_nothing = pl.Series([""]).str.contains(pattern)[0]
            except pl.exceptions.PolarsError as error:
                self.fault(key, pattern, f"no regular expression: {str(error).splitlines()[0]}")
                continue
            if matches_nothing and not pattern.endswith("$"):
                self.fault(key, pattern, "it matches every line")
        return found

    def only(self, among: tuple[str, ...], what: str) -> None:
        """Every key must be one of these."""
        for name in self._table:
            self._asked.add(name)
            if name not in among:
                self.fault(name, None, what, among=list(among))
            elif not isinstance(self._table[name], dict):
                self.fault(name, self._table[name], f"a table: [columns.{name}]")

    def nothing_else(self) -> None:
        """Keys that nobody asked for are faults."""
        for name in self._table:
            if name not in self._asked:
                self.fault(name, self._table[name], "there is no such key here", among=sorted(self._asked), is_key=True)
