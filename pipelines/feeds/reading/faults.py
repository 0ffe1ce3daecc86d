"""Collecting what is wrong with rows, column by column, and telling it row by row."""

from __future__ import annotations

import polars as pl

from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.jsonlines import encode_extra
from pipelines.feeds.reading.rows import EXTRA, LINE, Reject
from pipelines.feeds.reasons import sentence


class Faults:
    """Faults of a block in the order in which they are looked for; a row's first fault is its reason."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._found: list[tuple[str, str, pl.Series]] = []

    def add(self, code: str, field: str, where: pl.Series) -> None:
        """Note that the rows where `where` is true have this fault; null counts as false."""
        if where.any():
            self._found.append((code, field, where.fill_null(False)))

    def take(self, other: Faults, where: pl.Series) -> None:
        """Note the faults of another look at the same rows, where `where` is true."""
        for code, field, rows in other._found:
            self.add(code, field, rows & where)

    def __bool__(self) -> bool:
        return bool(self._found)

    def first(self) -> pl.Series:
        """Per row the number of its first fault, null where it has none."""
        first = pl.repeat(None, self._height, dtype=pl.Int32(), eager=True)
        for number in range(len(self._found) - 1, -1, -1):
            first = first.set(self._found[number][2], number)
        return first

    def told(self, number: int) -> tuple[str, str]:
        """Code and field of the fault that `first` numbers so."""
        code, field, _ = self._found[number]
        return code, field

    def rejects(self, raw: pl.DataFrame, first: pl.Series) -> list[Reject]:
        """The rejects of the faulty rows; `raw` are the rows as sent, less what is personal."""
        rows = raw.with_columns(first.alias("~fault")).filter(pl.col("~fault").is_not_null())
        rejects = []
        for row in rows.iter_rows(named=True):
            code, field, _ = self._found[row.pop("~fault")]
            line = row.pop(LINE)
            extra = row.pop(EXTRA, None)
            value = row.get(field)
            if field in ("customer_key", "customer_id"):
                value = None
            payload = encode_extra({name: privacy.mask(text) for name, text in row.items() if isinstance(text, str) and text})
            if extra:
                payload = payload[:-1] + (',"extra":' if len(payload) > 2 else '"extra":') + extra + "}"
            shown = privacy.mask(value) if isinstance(value, str) and value else None
            rejects.append(Reject(line, code, sentence(code, field, shown), payload[: privacy.MAX_PAYLOAD]))
        return rejects
