"""Building blocks of small planning worlds: each takes rows as a test writes them, so that the data stay in its view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from pipelines.planning.inputs import COLUMNS, Inputs
from pipelines.planning.policy import Plan, plan
from pipelines.planning.rules import Policy

AS_OF_ON = date(2026, 3, 8)


def inputs_of(**rows: list[dict[str, Any]]) -> Inputs:
    """Inputs from rows: a column that no row of a frame names is null."""
    frames = {}
    for name, given in rows.items():
        named = dict.fromkeys(key for row in given for key in row)
        frames[name] = pl.DataFrame(given, schema={key: _loose(COLUMNS[name][key]) for key in named})
    return Inputs.from_frames(**frames)


def _loose(kind: Any) -> Any:
    """Money is written as text in tests, so that it is exact."""
    return pl.String if isinstance(kind, pl.Decimal) else kind


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    """Plan rows: `plan_of(policy=Policy(…), demand=[{…}], position=[{…}], …)`, as of 8 March 2026."""

    def planned(policy: Policy | None = None, **rows: list[dict[str, Any]]) -> Plan:
        return plan(inputs_of(**rows), policy or Policy(), AS_OF_ON)

    return planned
