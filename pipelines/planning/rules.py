"""Which planning settings hold for which item at which location: the policy's defaults and the rules planners edit.

A rule is a row of `plan.policy_service_targets` or `plan.policy_planning`: what it must match (empty or `*`: anything),
what it sets (empty: the default stands), and from when to when it holds. In each of the two tables the first match wins:
by `priority` (least first), then the rule that names more, then `policy_code`. Rules do not add up.
Where no rule matches, the policy named `default` holds, and the result says `default`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import polars as pl

from pipelines.errors import UserError
from pipelines.planning.safety_stock import AUTO, METHODS

MATCHES: Final = (
    "item_code",
    "category",
    "item_kind",
    "location_code",
    "location_kind",
    "supplier_code",
    "demand_class",
    "abc_class",
    "xyz_class",
)
"""What a rule can name, all text."""

SETTINGS: Final[dict[str, type]] = {
    "service_target_rate": float,
    "method": str,
    "review_days": int,
    "min_receipts": int,
    "min_valid_days": int,
    "default_lead_time_days": int,
    "po_grace_days": int,
    "transit_grace_days": int,
    "holding_cost_rate": float,
    "order_cost_amount": float,
    "currency_code": str,
    "cover_days": int,
    "max_cover_days": int,
}
"""What a rule can set, and its type; the meaning and the defaults are those of `Policy`."""

_REMARKS: Final = ("policy_code", "priority", "author", "reason", "valid_from", "valid_to")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One row of a policy table: it holds where every named value matches."""

    table: str
    policy_code: str
    priority: int
    matches: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, Any], ...]
    reason: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """The settings of planning. The field values are the policy named `default`; `rules` narrow them."""

    policy_code: str = "default"
    service_target_rate: float = 0.95
    """Target cycle service rate (type 1): share of cycles without a stockout, strictly between 0 and 1."""
    method: str = AUTO
    """`auto`, or one of `safety_stock.METHODS`, taken as far as the data carry it."""
    review_days: int = 0
    """Days from one chance to order to the next, added to the lead time. 0: continuous review, the point is watched at every run."""
    min_receipts: int = 5
    """Receipts from which an observed lead time is believed."""
    min_valid_days: int = 2
    """Days in stock from which the deviation of demand is believed, and that there is none; fewer leave both unknown."""
    default_lead_time_days: int = 7
    """The lead time where neither receipts nor terms give one, in calendar days."""
    po_grace_days: int = 14
    """Days a purchase order may be late and still count as coming."""
    transit_grace_days: int = 30
    """Days that goods under way may be late and still count as coming."""
    holding_cost_rate: float = 0.2
    """Yearly cost of holding a unit, as a share of its unit cost."""
    order_cost_amount: float | None = None
    """Cost of placing an order where the terms do not say, in `currency_code`; used only for terms in that currency."""
    currency_code: str | None = None
    cover_days: int = 14
    """Days of demand to order where costs are unknown, so that there is no economic quantity."""
    max_cover_days: int = 180
    """An economic quantity is cut to as many days of demand."""
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse settings that cannot be planned with."""
        for name in SETTINGS:
            _checked(name, getattr(self, name), "the default policy")


def policy_from_tables(tables: dict[str, pl.DataFrame], as_of_on: date) -> Policy:
    """The policy that the tables say, as of a day. Tables: name to rows, in the order in which they win over each other.

    A column that a table lacks leaves the default. An unknown column is refused: passed over, it would make a rule hold
    too widely or a setting not hold at all. Raises UserError for it, and where a value cannot be used.
    """
    rules: list[Rule] = []
    for table, rows in tables.items():
        for column in rows.columns:
            if column not in (*MATCHES, *SETTINGS, *_REMARKS):
                raise UserError(
                    f"{column} is not a policy column of planning",
                    where=table,
                    next_step=f"use one of: {', '.join((*MATCHES, *SETTINGS, *_REMARKS))}",
                    exit_code=1,
                )
        held = [_rule(table, number, row) for number, row in enumerate(rows.iter_rows(named=True), 1) if _holds(row, as_of_on)]
        rules += sorted(held, key=lambda rule: (rule.priority, -len(rule.matches), rule.policy_code, rule.matches))
    return Policy(rules=tuple(rules))


def _holds(row: dict[str, Any], as_of_on: date) -> bool:
    """Whether the row is valid on the day: from `valid_from` on, before `valid_to`; an empty end is open."""
    start, end = row.get("valid_from"), row.get("valid_to")
    return (not start or str(start)[:10] <= as_of_on.isoformat()) and (not end or as_of_on.isoformat() < str(end)[:10])


def _rule(table: str, number: int, row: dict[str, Any]) -> Rule:
    where = f"{table}, row {number}"
    matches = tuple((name, str(row[name])) for name in MATCHES if row.get(name) not in (None, "", "*"))
    settings = []
    for name in SETTINGS:
        value = row.get(name)
        if value in (None, ""):
            continue
        settings.append((name, setting_of(name, value, where)))
    code = row.get("policy_code") or "_".join(value for _, value in matches) or "all"
    priority = _whole(row.get("priority") or 0, "priority", where)
    return Rule(table, str(code), priority, matches, tuple(settings), row.get("reason") or None)


def setting_of(name: str, value: Any, where: str | None = None) -> Any:
    """A setting's value as planning uses it. Raises UserError where planning cannot use it."""
    return _checked(name, _typed(value, SETTINGS[name], name, where), where)


def _typed(value: Any, kind: type, name: str, where: str | None) -> Any:
    """The value as its setting's type. Raises UserError where it is something else; a fraction is no whole number."""
    if kind is str:
        return str(value).strip()
    try:
        number = float(value)
    except ValueError as error:
        raise UserError(f"{name} is not a number: {value!r}", where=where, next_step="correct the policy file", exit_code=1) from error
    return _whole(number, name, where) if kind is int else number


def _whole(value: Any, name: str, where: str | None) -> int:
    """The value as a whole number. Raises UserError where it has a fraction, or is no number."""
    try:
        if int(float(value)) == float(value):
            return int(float(value))
    except (OverflowError, ValueError):
        pass  # not finite, or no number: refused below like a fraction
    raise UserError(f"{name} is not a whole number: {value!r}", where=where, next_step="correct the policy file", exit_code=1)


def _checked(name: str, value: Any, where: str | None) -> Any:
    """The value, if planning can use it. Raises UserError."""
    if value is None and name in ("order_cost_amount", "currency_code"):
        return value
    wrong: str | None = None
    if name == "service_target_rate":
        wrong = None if 0 < value < 1 else "must be strictly between 0 and 1"
    elif name == "method":
        wrong = None if value in (AUTO, *METHODS) else f"must be one of {', '.join((AUTO, *METHODS))}"
    elif name in ("cover_days", "max_cover_days", "min_receipts"):
        wrong = None if value >= 1 else "must be at least 1"
    elif name != "currency_code":
        wrong = None if 0 <= value < float("inf") else "must not be negative"
    if wrong:
        raise UserError(f"{name} {wrong}, but is {value}", where=where, next_step="correct the policy file", exit_code=1)
    return value


def with_settings(frame: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """The frame with every setting as a column, and `policy_code`: the rules that matched, joined by `+`, or `default`.

    The order cost and its currency are `policy_order_cost_amount` and `policy_currency_code`, beside those of the terms.
    `settings_no` numbers what held together, for `settings_in_force`; 0 is the defaults alone.

    The frame has the columns of `MATCHES` (text; null matches only rules that do not name the column).
    """
    found: list[str] = []
    settings_no, step = pl.lit(0, pl.Int64), 1
    for position, rules in enumerate(_by_table(policy)):
        number = f"_rule_{position}"
        settings_no = settings_no + step * (pl.col(number).cast(pl.Int64) + 1).fill_null(0)
        step *= len(rules) + 1
        first = pl.coalesce([pl.when(_matches(rule)).then(pl.lit(n, pl.Int32)) for n, rule in enumerate(rules)])
        rows = [
            {number: n, f"{number}_code": rule.policy_code, **{f"{number}_{k}": v for k, v in rule.settings}}
            for n, rule in enumerate(rules)
        ]
        values = pl.DataFrame(
            rows,
            schema={number: pl.Int32, f"{number}_code": pl.String, **{f"{number}_{k}": _POLARS[t] for k, t in SETTINGS.items()}},
        )
        frame = frame.with_columns(first.alias(number)).join(values.lazy(), on=number, how="left", maintain_order="left")
        found.append(number)
    columns = []
    for name, kind in SETTINGS.items():
        default = pl.lit(getattr(policy, name), _POLARS[kind])
        columns.append(pl.coalesce([*(pl.col(f"{number}_{name}") for number in found), default]).alias(_TERMS_HAVE.get(name, name)))
    # A catch-all row that is itself called `default` adds nothing to the name.
    named = [pl.when(pl.col(f"{number}_code") != policy.policy_code).then(pl.col(f"{number}_code")) for number in found]
    codes = pl.concat_str(named, separator="+", ignore_nulls=True) if found else pl.lit("")
    code = pl.when(codes == "").then(pl.lit(policy.policy_code)).otherwise(codes).alias("policy_code")
    return frame.with_columns(*columns, code, settings_no.alias("settings_no")).drop(pl.selectors.starts_with("_rule_"))


def settings_in_force(policy: Policy, numbers: Iterable[int]) -> pl.DataFrame:
    """Grain: settings_no x setting_code. The value that held, as text, and the rule that set it.

    `policy_table`, `policy_code` and `reason` are null where no rule did: the value is planning's default. A null value
    is a setting that nobody gave (the order cost and its currency).
    """
    rows = []
    for number in sorted(set(numbers)):
        held = _rules_of(policy, number)
        for name in SETTINGS:
            rule = next((rule for rule in held if name in dict(rule.settings)), None)
            value = dict(rule.settings)[name] if rule else getattr(policy, name)
            source = (rule.table, rule.policy_code, rule.reason) if rule else (None, None, None)
            rows.append((number, name, None if value is None else str(value), *source))
    columns = ("setting_code", "setting_value", "policy_table", "policy_code", "reason")
    return pl.DataFrame(rows, schema={"settings_no": pl.Int64, **dict.fromkeys(columns, pl.String)}, orient="row")


def _by_table(policy: Policy) -> list[list[Rule]]:
    """The rules table by table, the winning table first."""
    tables = dict.fromkeys(rule.table for rule in policy.rules)
    return [[rule for rule in policy.rules if rule.table == table] for table in tables]


def _rules_of(policy: Policy, settings_no: int) -> list[Rule]:
    """The rules that a number of `with_settings` stands for, the winning one first."""
    held = []
    for rules in _by_table(policy):
        settings_no, place = divmod(settings_no, len(rules) + 1)
        held += [rules[place - 1]] if place else []
    return held


_TERMS_HAVE: Final = {"order_cost_amount": "policy_order_cost_amount", "currency_code": "policy_currency_code"}
_POLARS: Final = {float: pl.Float64, int: pl.Int64, str: pl.String}


def _matches(rule: Rule) -> pl.Expr:
    return pl.all_horizontal([pl.lit(True), *(pl.col(name) == value for name, value in rule.matches)])
