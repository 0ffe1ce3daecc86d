"""Business days without asking for a time zone row by row: over the span of a batch a zone has few shifts from UTC.

Belongs here: finding the shifts of the home's zones, and the SQL of a day by them. Does not belong here: which zone an
event is in (`resolve.py`).

The engine itself is asked for the shifts, a few thousand times a batch instead of once a row, so a day comes out as it
would if every row were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from pipelines.sql_text import one_of

if TYPE_CHECKING:
    import duckdb

_HOUR_US: Final = 3_600_000_000
_MINUTE_US: Final = 60_000_000
_STEP_US: Final = 6 * _HOUR_US
"""Looks at a zone lie so far apart: no zone changes twice within that time, but Morocco's do within a month."""

_MARGIN_US: Final = 48 * _HOUR_US
"""The extremes of a segment are local times where lines name no offset."""

_MOST_SHIFTS: Final = 24
"""Of more shifts (a dozen years, or many zones that differ) the cases would cost as much as asking."""


class Shifts(NamedTuple):
    """Zones that agree over a span, and their shifts from UTC in µs, each with the µs since 1970 until which (exclusive) it holds."""

    zones: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def home_zones(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Zones that the home's reference data names, as far as the engine knows them."""
    rows = con.execute("""
        select distinct time_zone from (select time_zone from code_locations union all select time_zone from code_channels
            union all select time_zone from code_sources union all select time_zone from code_suppliers)
        where time_zone in (select name from pg_timezone_names()) order by 1""").fetchall()
    return [zone for (zone,) in rows]


def shifts_of(con: duckdb.DuckDBPyConnection, zones: Sequence[str], low_us: int, high_us: int) -> list[Shifts]:
    """The shifts of the zones from two days before `low_us` to two days after `high_us`; none where there are too many."""
    if not zones:
        return []
    found: dict[str, list[tuple[int, int]]] = {zone: [] for zone in zones}
    last: dict[str, int] = {}
    for zone, us, shift, before_us, before in con.execute(
        f"""
        with looks as ({_looks_sql(low_us - _MARGIN_US, high_us + _MARGIN_US + _STEP_US, _STEP_US)}),
        runs as (select *, lag(us) over per_zone as before_us, lag(shift) over per_zone as before from looks
            window per_zone as (partition by zone order by us))
        select zone, us, shift, before_us, before from runs where before is distinct from shift order by zone, us""",
        [list(zones)],
    ).fetchall():
        if before is not None:
            found[zone].append((_begins(con, zone, shift, before_us, us), before))
        last[zone] = shift
    alike: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for zone, spans in found.items():
        # the last one holds on: nothing lies behind the span
        alike.setdefault((*spans, (high_us + _MARGIN_US + _STEP_US, last[zone])), []).append(zone)
    if sum(len(spans) for spans in alike) > _MOST_SHIFTS:
        return []
    return [Shifts(tuple(names), spans) for spans, names in alike.items()]


def day_cases(shifts: Iterable[Shifts]) -> str:
    """SQL: the cases of a date, of `day_zone` and `occurred_us`; empty where there are none."""
    cases = []
    for zones, spans in shifts:
        earlier = " ".join(f"when occurred_us < {until} then {shift}" for until, shift in spans[:-1])
        shift = f"case {earlier} else {spans[-1][1]} end" if earlier else str(spans[-1][1])
        cases.append(f"when day_zone in {one_of(zones)} then make_timestamp(occurred_us + {shift})::DATE")
    return " ".join(cases)


def _looks_sql(low_us: int, high_us: int, step_us: int) -> str:
    """SQL of (zone, us, shift) for the zones of a parameter, at every step."""
    return f"""
        select zone, us, epoch_us(timezone(zone, make_timestamptz(us))) - us as shift
        from (select unnest(?::VARCHAR[]) as zone) z, range({low_us}, {high_us}, {step_us}) r(us)"""


def _begins(con: duckdb.DuckDBPyConnection, zone: str, shift: int, after_us: int, us: int) -> int:
    """The first minute of a shift that holds at `us` and did not at `after_us`: zones change at whole minutes."""
    first = after_us - after_us % _MINUTE_US
    looks = _looks_sql(first, us + _MINUTE_US, _MINUTE_US)
    return int(con.execute(f"select min(us) from ({looks}) where shift = {shift} and us > {after_us}", [[zone]]).fetchall()[0][0])
