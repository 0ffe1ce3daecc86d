"""What failed in a run of dbt, as findings: which node, why, and of a check the first rows that break it, in codes people know.

Belongs here: reading dbt's results of failed nodes and asking a check's rows. Does not belong here: running dbt (`dbt`), what becomes
of a failed build (`pipelines.build`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from pipelines.errors import UserError
from pipelines.marts.codes import in_codes
from pipelines.marts.export import open_marts
from pipelines.settings import Home

FAILED: Final = ("error", "fail", "runtime error")
"""What dbt says of a node that failed."""
_FAILING_ROWS: Final = 10
_ROWS_OF_ONE_MODEL: Final = 3
_CELL_WIDTH: Final = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A node that failed: a check whose `rows` break it, with the first of them, or a model that could not be built (no rows).

    `what` says what the check wants, or what the engine said of the model. `table` is what the node makes, null for a check.
    """

    kind: str
    name: str
    what: str
    table: str | None = None
    rows: int = 0
    failing: tuple[dict[str, Any], ...] = ()


class DbtFailed(UserError):
    """Nodes of a run failed; `findings` are all of them. What readers see stays as it was."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = []
        for one in findings:
            lines.append(f"{one.kind} {one.name}: " + (f"{one.what}; {one.rows:,} rows break it" if one.rows else one.what))
            lines += ["  " + ", ".join(f"{name} {'∅' if value is None else value}" for name, value in row.items()) for row in one.failing]
        super().__init__(
            build_failed_in_words([one.name for one in findings]),
            where="\n         ".join(lines),
            next_step="the published tables stay as they were; correct this and build again",
            exit_code=1,
        )


def build_failed_in_words(names: Sequence[str]) -> str:
    """What a person is told first.

    >>> build_failed_in_words(["check_core"])
    "1 of the build's nodes failed: check_core"
    """
    return f"{len(names)} of the build's nodes failed: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}"


def findings_of(home: Home, failed: Sequence[Any]) -> list[Finding]:
    """What results of dbt say of nodes that failed, in our words; the caller holds the build lock and dbt has let go of its file."""
    return [_finding(home, one) for one in failed]


def _finding(home: Home, result: Any) -> Finding:
    node = result.node
    if node.resource_type == "test" and str(result.status) == "fail":
        what, failing = _wanted(node.raw_code), _failing_rows(home, node.compiled_code)
        return Finding("test", node.name, what, rows=int(result.failures or 0), failing=failing)
    said = " ".join((result.message or "no message").split())
    return Finding(
        str(node.resource_type), node.name, said, None if node.resource_type == "test" else f"{node.schema}.{node.alias or node.name}"
    )


def _wanted(raw_code: str) -> str:
    """What a check wants: the comment that it begins with.

    >>> _wanted("-- Goods balance. Always."), _wanted("select 1")
    ('Goods balance', 'a check of the tables')
    """
    first = next((line.removeprefix("--").strip() for line in raw_code.splitlines() if line.startswith("--")), "")
    return first.partition(". ")[0].rstrip(".") or "a check of the tables"


def _failing_rows(home: Home, query: str | None) -> tuple[dict[str, Any], ...]:
    """Up to ten rows that a check's query returns; none where it cannot be asked, for the check has failed already.

    A check of many models names the model in each row: then three of each, so that none hides another.
    """
    if not query:
        return ()
    con = open_marts(home)
    try:
        con.execute("SET enable_progress_bar = false")
        con.execute("SET TimeZone = 'UTC'")
        rows = f"FROM ({query.strip().rstrip(';')}\n)"
        if "model" in [column[0] for column in con.execute(f"{rows} LIMIT 0").description or []]:
            rows += f" QUALIFY row_number() OVER (PARTITION BY model) <= {_ROWS_OF_ONE_MODEL} ORDER BY model"
        cursor = con.execute(f"{rows} LIMIT {_FAILING_ROWS}")
        header = [column[0] for column in cursor.description or []]
        found = [dict(zip(header, row, strict=True)) for row in cursor.fetchall()]
        named = in_codes(con.execute, found)
        return tuple({name: value if value is None else str(value)[:_CELL_WIDTH] for name, value in row.items()} for row in named)
    except Exception:  # whatever is wrong with the query must not hide that the check failed
        return ()
    finally:
        con.close()
