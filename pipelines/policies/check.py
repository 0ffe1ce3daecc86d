"""What is wrong with the policies, all of it at once: said before a build, with file, line, value and remedy.

Belongs here: values that nobody can mean, codes that nothing computes, policies that can never hold. Does not belong
here: the form of the files (`files`), the settings of planning (`pipelines.planning.rules` judges them), and whether an
item or place that a policy names exists: it may still come, and `ops.data_health` tells of it.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from pipelines.errors import UserError
from pipelines.planning.rules import MATCHES, SETTINGS, setting_of
from pipelines.policies.calendars import calendar_faults
from pipelines.policies.files import Fault, Row, declared_columns, read_policy_file
from pipelines.policies.retail_calendar import period_faults
from pipelines.settings import DBT_PROJECT, policy_folder

OPERATORS: Final = ("<", "<=", ">", ">=")
CLASSES: Final = {
    "demand_class": ("smooth", "erratic", "intermittent", "lumpy"),
    "abc_class": ("A", "B", "C"),
    "xyz_class": ("X", "Y", "Z"),
}
"""What `demand.variance` can say of an item at a place."""
_PARAMETER: Final = re.compile(r"""\bparameter\(\s*['"](\w+)['"]\s*(,\s*optional\s*=\s*true\s*)?\)""")
_DAYS_MAX: Final = 3650
_SHOWN: Final = 20

Rows = dict[str, tuple[Row, ...]]


def check_policies(project: Path = DBT_PROJECT, folder: Path | None = None) -> list[str]:
    """Read every policy file; returns remarks: what holds, but perhaps not as it was meant.

    `folder`: where the files lie, by default where dbt finds them (`PARSTOCK_POLICY_DIR`, else the project's seeds).
    Raises UserError (exit code 1) that names everything that is wrong, in the order of the files.
    """
    place = folder or policy_folder(project)
    read = {name: read_policy_file(place / f"{name}.csv", columns) for name, columns in declared_columns(project).items()}
    rows = {name: file.rows for name, file in read.items()}
    faults = [fault for file in read.values() for fault in file.faults]
    faults += _parameters(rows, *_parameters_read(project))
    for check in (_settings, _buffers, _targets, _validity, _twice, calendar_faults, period_faults):
        faults += check(rows)
    if faults:
        faults.sort(key=lambda fault: (fault.file, fault.line or 0))
        shown = [str(fault) for fault in faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            shown.append(f"and {len(faults) - _SHOWN} more")
        number = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise UserError(
            f"the policies cannot be used: {number}",
            where="\n         ".join([f"{place}/", *shown]),
            next_step="correct the lines, then build again; until then the published tables stay as they are",
            exit_code=1,
        )
    return [str(remark) for remark in itertools.islice(itertools.chain(_shadowed(rows), _ties(rows)), _SHOWN)]


def _settings(rows: Rows) -> Iterator[Fault]:
    """Service targets and planning settings, judged by the rules that planning itself goes by."""
    for row in _rules(rows):
        for name in SETTINGS:
            if text := row.cells.get(name):
                try:
                    setting_of(name, text)
                except UserError as error:
                    yield row.fault(error.what, "correct the value, or leave it empty for the default")
        for name, known in CLASSES.items():
            if (value := row.cells.get(name, "")) not in ("", "*", *known):
                yield row.fault(f"{name} is {value!r}", f"use one of {', '.join(known)}, or leave it empty for all")
        if row.file == "policy__service_targets.csv" and not row.cells["service_target_rate"]:
            yield row.fault("service_target_rate is empty", "write a rate between 0 and 1, or remove the line")


def _rules(rows: Rows) -> Iterable[Row]:
    return (*rows.get("policy__service_targets", ()), *rows.get("policy__planning", ()))


def _buffers(rows: Rows) -> Iterator[Fault]:
    for row in rows.get("policy__buffers", ()):
        kind, units, rate = (row.cells[name] for name in ("buffer_kind", "buffer_units", "buffer_rate"))
        if kind not in ("units", "rate", "exclude"):
            yield row.fault(f"buffer_kind is {kind!r}", "write units, rate or exclude")
        elif kind == "units" and (not units or int(units) < 0 or rate):
            yield row.fault(
                f"a buffer of units with buffer_units {units or 'empty'} and buffer_rate {rate or 'empty'}",
                "give buffer_units of 0 or more, and no rate",
            )
        elif kind == "rate" and (not rate or not 0 <= Decimal(rate) <= 1 or units):
            yield row.fault(
                f"a buffer of a rate with buffer_rate {rate or 'empty'} and buffer_units {units or 'empty'}",
                "give a buffer_rate from 0 to 1, and no units",
            )
        elif kind == "exclude" and (units or rate):
            yield row.fault("an exclusion with a quantity", "leave buffer_units and buffer_rate empty")


def _parameters_read(project: Path) -> tuple[list[str], set[str]]:
    """The parameters that dbt's queries ask for, and those of them that a file may leave out, or give as 0."""
    files = [path for folder in ("models", "macros") for path in (project / folder).rglob("*.sql")]
    asked = {found for path in files for found in _PARAMETER.findall(path.read_text(encoding="utf-8"))}
    return sorted({code for code, _ in asked}), {code for code, optional in asked if optional}


def _parameters(rows: Rows, known: list[str], optional: set[str]) -> Iterator[Fault]:
    if "policy__parameters" not in rows:
        return
    for row in rows["policy__parameters"]:
        code, value = row.cells["parameter_code"], row.cells["parameter_value"]
        if code not in known:
            yield row.fault(f"no parameter is called {code!r}", f"use one of: {', '.join(known)}")
        elif code in optional:
            if not value or not 0 <= Decimal(value) <= _DAYS_MAX:
                yield row.fault(f"{code} is {value or 'empty'}", f"give a value from 0 to {_DAYS_MAX}, or remove the line: it is 0 then")
        elif not value or Decimal(value) <= 0:
            yield row.fault(f"{code} is {value or 'empty'}", "give a value above 0")
    if rows["policy__parameters"]:
        for code in sorted(set(known) - optional - {row.cells["parameter_code"] for row in rows["policy__parameters"]}):
            yield Fault("policy__parameters.csv", None, f"the parameter {code} is missing", "add its line")


def _targets(rows: Rows) -> Iterator[Fault]:
    """Targets of KPIs that exist, with an operator and a value that can be compared."""
    grains = {row.cells["kpi_code"]: {"all", *row.cells["grains"].split()} for row in rows.get("kpi__definitions", ())}
    for row in rows.get("kpi__targets", ()):
        code, grain, operator, value = (row.cells[name] for name in ("kpi_code", "grain_kind", "target_operator", "target_value"))
        if grains and code not in grains:
            yield row.fault(f"no KPI is called {code!r}", f"use one of kpi__definitions.csv{_nearest(code, grains)}")
        elif not code:
            yield row.fault("kpi_code is empty", "name the KPI")
        elif grains and grain not in grains[code]:
            yield row.fault(f"{code} is not computed by {grain or 'an empty grain_kind'}", f"use one of: {', '.join(sorted(grains[code]))}")
        if operator not in OPERATORS:
            yield row.fault(f"target_operator is {operator!r}", f"write one of {' '.join(OPERATORS)}")
        if not value:
            yield row.fault("target_value is empty", "give the value to reach, or remove the line")
        elif Decimal(value) < 0:
            yield row.fault(f"target_value is negative: {value}", "a KPI is 0 at least; give a value of 0 or more")


def _nearest(code: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(code, list(known), 1)
    return f", perhaps {close[0]}" if close else ""


def _validity(rows: Rows) -> Iterator[Fault]:
    for row in itertools.chain(*rows.values()):
        start, end = row.cells.get("valid_from", ""), row.cells.get("valid_to", "")
        if start and end and end <= start:
            yield row.fault(f"valid_to {end} is not after valid_from {start}", "it holds on no day: correct them, or remove the line")


_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "policy__buffers": ("buffer_code",),
    "policy__service_targets": ("policy_code",),
    "policy__planning": ("policy_code",),
    "policy__parameters": ("parameter_code",),
    "kpi__definitions": ("kpi_code",),
}
"""What names a line of a file."""

_CONDITIONS: Final[dict[str, tuple[str, ...]]] = {
    "policy__buffers": ("channel_code", "category", "item_code", "location_code"),
    "policy__service_targets": MATCHES,
    "policy__planning": MATCHES,
    "kpi__targets": ("kpi_code", "grain_kind", "grain_code"),
}
"""What a policy must match to hold."""


def _twice(rows: Rows) -> Iterator[Fault]:
    """Two lines of one name, and two that match exactly the same at the same time with nothing to choose between them."""
    for name, columns in _KEYS.items():
        seen: dict[tuple[str, ...], Row] = {}
        for row in rows.get(name, ()):
            key = tuple(row.cells[column] for column in columns)
            if not all(key):
                yield row.fault(f"{columns[0]} is empty", "give it a name of its own")
            elif (first := seen.setdefault(key, row)) is not row:
                yield row.fault(
                    f"{columns[0]} {'/'.join(key)} is already in line {first.line}", "give each line a name of its own, or remove one"
                )
    for name in _CONDITIONS:
        for first, second in _alike(rows, name):
            if _rank(name, first) == _rank(name, second):
                same = ", with the same priority" if name in _RULES else ""
                yield second.fault(
                    f"{_named(second)} matches exactly what {_named(first)} of line {first.line} matches{same}",
                    "remove one, or let one end (valid_to) before the other begins (valid_from)",
                )


_RULES: Final = ("policy__service_targets", "policy__planning")


def _shadowed(rows: Rows) -> Iterator[Fault]:
    """The same conditions with two priorities: the later one can never hold."""
    for name in _RULES:
        for pair in _alike(rows, name):
            first, second = sorted(pair, key=_priority)
            if _priority(first) != _priority(second):
                yield second.fault(
                    f"{_named(second)} matches exactly what {_named(first)} of line {first.line} matches, which has the smaller priority number",
                    "the smaller priority number wins, so this line never applies",
                )


def _ties(rows: Rows) -> Iterator[Fault]:
    """Different conditions that may both be met, of one priority and naming equally much: the code decides."""
    for name in _RULES:
        groups: dict[tuple[int, int], dict[tuple[str, ...], list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in rows.get(name, ()):
            columns = tuple(column for column, _ in row.names(*MATCHES))
            groups[_priority(row), len(columns)][columns].append(row)
        for group in groups.values():
            # Two rows that name the same columns match the same or never both: only different columns can tie.
            for (mine, ones), (others, twos) in itertools.combinations(group.items(), 2):
                shared = [column for column in mine if column in others]
                by_shared: dict[tuple[tuple[str, str], ...], list[Row]] = defaultdict(list)
                for row in twos:
                    by_shared[row.names(*shared)].append(row)
                for one, other in ((row, met) for row in ones for met in by_shared[row.names(*shared)]):
                    if _overlap(one, other):
                        first, second = sorted((one, other), key=_named)
                        yield second.fault(
                            f"{_named(first)} (line {first.line}) and {_named(second)} may both match, with the same priority",
                            f"{_named(first)} wins: first the smaller priority number, then the one that names more, then the smaller code",
                        )


def _alike(rows: Rows, name: str) -> Iterator[tuple[Row, Row]]:
    """Rows that match exactly the same, on some day both, in the order of their lines."""
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = defaultdict(list)
    for row in rows.get(name, ()):
        groups[row.names(*_CONDITIONS[name])].append(row)
    for group in groups.values():
        for one, other in itertools.combinations(group, 2):
            if _overlap(one, other):
                yield one, other


def _overlap(one: Row, other: Row) -> bool:
    """Whether both hold on some day; on its `valid_to` a line holds no more, an empty end is open."""
    first, second = ((row.cells.get("valid_from", ""), row.cells.get("valid_to", "") or "9999-12-31") for row in (one, other))
    return first[0] < second[1] and second[0] < first[1]


def _rank(name: str, row: Row) -> object:
    """What chooses between two that match the same: a rule's priority; of buffers exclusions come first."""
    return _priority(row) if name in _RULES else row.cells.get("buffer_kind") == "exclude"


def _priority(row: Row) -> int:
    return int(row.cells.get("priority") or 0)


def _named(row: Row) -> str:
    return next((row.cells[column] for column in ("policy_code", "buffer_code", "kpi_code") if row.cells.get(column)), "the line")
