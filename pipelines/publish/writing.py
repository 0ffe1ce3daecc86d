"""The engine that writes published files: one in memory, which attaches a file, fills it in one transaction, and lets it go.

Belongs here: how a file is written whole. Does not belong here: what is in it (`snapshot_sql`, `template`, `snapshot`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow as pa

from pipelines.sql_text import literal

STORAGE_VERSION: Final = "v1.2.0"
"""Of published files: every DuckDB from 1.2 on opens them, whatever wrote them."""


class Writer:
    """Writes database files that nobody else knows yet. Not for several threads."""

    def __init__(self) -> None:
        self._engine = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "512MB"})
        self._engine.execute("SET enable_progress_bar = false")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the engine back."""
        self._engine.close()

    def write(
        self, file: Path, statements: Sequence[str], *, row: Sequence[Any] | None = None, arrow: Mapping[str, pa.Table] | None = None
    ) -> None:
        """Run statements in one transaction on a file, and close it whole.

        `row` is the one of `ops.publication`; `arrow` are tables that the statements may read, by name.
        """
        engine = self._engine
        for name, rows in (arrow or {}).items():
            engine.register(name, rows)
        engine.execute(f"ATTACH {literal(file)} AS snapshot (STORAGE_VERSION '{STORAGE_VERSION}')")
        try:
            engine.execute("USE snapshot")
            engine.execute("BEGIN")
            try:
                if statements:
                    engine.execute(";\n".join(statements))
                if row is not None:
                    engine.execute(f"INSERT INTO ops.publication VALUES ({', '.join('?' * len(row))})", row)
                engine.execute("COMMIT")
            except BaseException:
                engine.execute("ROLLBACK")
                raise
            engine.execute("CHECKPOINT snapshot")  # nothing may stay in the write-ahead log, which is not renamed
        finally:
            engine.execute("USE memory")
            engine.execute("DETACH snapshot")
            for name in arrow or {}:
                engine.unregister(name)
