"""Handing rows from Python to the engine.

Belongs here: the one way by which Python's values become a temporary table. Does not belong here: what is in it.

By way of Polars: building Arrow from Python's lists directly would import pandas, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import duckdb

TEXT, WHOLE, SMALL, TRUTH = pl.String(), pl.Int64(), pl.Int32(), pl.Boolean()


def temp_table(con: duckdb.DuckDBPyConnection, name: str, schema: Mapping[str, pl.DataType], columns: Mapping[str, Any]) -> None:
    """(Re)make a temporary table of columns of equal length; null where a value is None."""
    frame = pl.DataFrame(
        {column: pl.Series(values, dtype=kind) for (column, kind), values in zip(schema.items(), columns.values(), strict=True)}
    )
    con.register("handed_over", frame.to_arrow())
    con.execute(f"create or replace temp table {name} as select * from handed_over")
    con.unregister("handed_over")


def temp_rows(con: duckdb.DuckDBPyConnection, name: str, schema: Mapping[str, pl.DataType], rows: Sequence[Sequence[Any]]) -> None:
    """(Re)make a temporary table of rows."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    temp_table(con, name, schema, dict(zip(schema, columns, strict=True)))
