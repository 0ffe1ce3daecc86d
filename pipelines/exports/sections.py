"""The brief's sections: sentences and tables made of its figures, once, for Markdown and HTML alike.

Belongs here: what is said of which figure, and what is said where there is none. Does not belong here: figures
(`facts`), words (`pipelines.words`), or how a section looks (the templates).
"""

from __future__ import annotations

import json
import string
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from pipelines.alerts.codes import alert_name
from pipelines.exports import charts
from pipelines.exports.facts import CHART_DAYS, SHOWN, Amounts, Facts, Short
from pipelines.exports.parts import Cell, Head, Section, Table, Tone

if TYPE_CHECKING:
    from pipelines.words.words import Words

_SUPPLIERS_IN_CHART: Final = 12
STORED_LANGUAGE: Final = "en"
"""What the tables say in sentences."""


def sections_of(facts: Facts, words: Words) -> list[Section]:
    """All sections, in the order in which they are read."""
    made = [changed(facts, words), short(facts, words), order(facts, words), lacks(facts, words), targets(facts, words)]
    return [*made, alerts(facts, words)] if facts.has_alerts else made


def amounts_text(amounts: Amounts, words: Words) -> str:
    """Sums, one a currency."""
    return ", ".join(words.money(amount, currency) for currency, amount in amounts.items())


def changed(facts: Facts, words: Words) -> Section:
    """Stock and demand of the day before, and the orders that came and went."""
    found = facts.changed
    weekday, day = words.weekday(found.day), words.day(found.day)
    sentences, rows = [], []
    if found.stock_units is None:
        sentences.append(words("changed.no_stock"))
    else:
        if found.units_change is None:
            sentences.append(words("changed.no_movement", weekday=weekday, day=day, newest=words.day(found.newest_stock_on)))
        over = words("changed.over", day=day)
        change = "–" if found.units_change is None else f"{words.signed(found.units_change)} {over}"
        rows.append([Cell(words("changed.stock_units")), Cell(words.number(found.stock_units)), Cell(change)])
        for currency, amount in found.stock_values.items():
            moved = found.value_change.get(currency)
            change = "–" if moved is None else f"{words.signed(moved, 2)} {currency} {over}"
            rows.append([Cell(words("changed.stock_value")), Cell(words.money(amount, currency)), Cell(change)])
        if found.uncosted_units:
            sentences.append(words("changed.uncosted", units=found.uncosted_units))
    if found.demand_units is None:
        sentences.append(words("changed.no_demand", weekday=weekday, day=day))
    else:
        rows.append([
            Cell(words("changed.sales", weekday=weekday, day=day)), Cell(words.number(found.demand_units)), Cell(_against_usual(facts, words)),
        ])  # fmt: skip
        for currency, amount in found.demand_amounts.items():
            rows.append([Cell(words("changed.sales_amount", weekday=weekday, day=day)), Cell(words.money(amount, currency)), Cell("")])
    if facts.is_planned:
        if found.previous_plan_on is None:
            since = words("changed.first_plan")
        else:
            since = words("changed.since", new=found.new, resolved=found.resolved, day=words.day(found.previous_plan_on))
        rows.append([Cell(words("changed.proposals")), Cell(words.number(facts.order.lines)), Cell(since)])
    heads = [Head(words("changed.measure")), Head(words("changed.now"), is_number=True), Head(words("changed.change"))]
    tables = [Table("", heads, rows)] if rows else []
    return Section("changed", words("brief.changed"), sentences, [*tables, *_new_orders(facts, words)], _day_charts(facts, words))


def _against_usual(facts: Facts, words: Words) -> str:
    found = facts.changed
    if found.against_usual is None or found.usual_units is None:
        return words("changed.no_usual")
    figures = {
        "percent": words.change(found.against_usual),
        "weekday": words.weekday(found.day),
        "usual": words.number(found.usual_units, 0),
    }
    return words("changed.usual", weeks=found.usual_weeks, **figures)


def _new_orders(facts: Facts, words: Words) -> list[Table]:
    rows = facts.changed.new_orders
    if not rows:
        return []
    heads = [_head(words, "item_code"), _head(words, "location_code"), _head(words, "order_units"), _head(words, "supplier_code")]
    cells = [[_item(row), _place(row), Cell(words.number(row["order_units"])), Cell(row["supplier_code"] or "–")] for row in rows]
    more = _more(facts.changed.new - len(rows), 'parstock sql "from plan.reorder_proposals"', words)
    return [Table(words("changed.new_proposals"), heads, cells, more, is_cards=True)]


def _day_charts(facts: Facts, words: Words) -> list[str]:
    found = facts.changed
    made = []
    if found.demand_days:
        usual = float(found.usual_units) if found.usual_units is not None else None
        made.append(charts.day_bars(found.demand_days, words("bars.sales", days=CHART_DAYS), words, usual=usual))
    if len(found.stock_days) > 1:
        made.append(charts.day_line(found.stock_days, words("bars.stock", days=CHART_DAYS), words))
    return made


def short(facts: Facts, words: Words) -> Section:
    """What is sold out, what soon will be, and what is done about each."""
    if not facts.is_planned:
        return Section("short", words("brief.short"), [words("order.no_plan")])
    out, soon = facts.out, facts.soon
    sentences = [
        words("short.out", count=out.count, ordered=out.ordered, coming=out.coming, unserved=out.unserved)
        if out.count
        else words("short.none_out"),
        words("short.soon", count=soon.count, ordered=soon.ordered, coming=soon.coming, unserved=soon.unserved)
        if soon.count
        else words("short.none_soon"),
    ]
    tables = [_short_table(out, words, "short.title_out"), _short_table(soon, words, "short.title_soon", is_soon=True)]
    return Section("short", words("brief.short"), sentences, [table for table in tables if table.rows])


def _short_table(found: Short, words: Words, title: str, *, is_soon: bool = False) -> Table:
    left = [Head(words("short.days_left"), is_number=True), Head(words("short.free"), is_number=True, is_wide=True)] if is_soon else []
    heads = [_head(words, "item_code"), _head(words, "location_code"), *left, _head(words, "demand_units_per_day_mean", is_wide=True)]
    rows = []
    for row in found.rows:
        figures = [Cell(words.number(row["days_left"], 1)), Cell(words.number(max(row["free_units"], 0)))] if is_soon else []
        demand = Cell(words.number(row["demand_units_per_day_mean"], 2))
        rows.append([_item(row), _place(row), *figures, demand, _answer(row, words)])
    more = _more(found.count - len(rows), 'parstock sql "from plan.reorder_points"', words)
    return Table(words(title), [*heads, Head(words("short.answer"))], rows, more, is_cards=True)


def _answer(row: dict[str, Any], words: Words) -> Cell:
    """What is done about a shortage."""
    late = words("short.late", units=row["excluded_supply_units"]) if row["excluded_supply_units"] else ""
    if row["order_units"]:
        return Cell(words("short.answer_order", units=row["order_units"], day=words.day(row["eta_on"])), late, "warn")
    if row["coming_units"]:
        known = "short.answer_coming" if row["next_on"] else "short.answer_coming_unknown"
        return Cell(words(known, units=row["coming_units"], day=words.day(row["next_on"])), late, "good")
    if row["reorder_point_units"] is None:
        return Cell(words("short.answer_unknown"), late, "bad")
    return Cell(words("short.answer_no_supplier" if row["is_at_reorder_point"] else "short.answer_above"), late, "bad")


def order(facts: Facts, words: Words) -> Section:
    """What to order: the suppliers' totals, then the most urgent lines."""
    found, title = facts.order, words("brief.order")
    if not found.lines:
        return Section("order", title, [words("order.none" if facts.is_planned else "order.no_plan")])
    suppliers = len({row["supplier_code"] for row in found.suppliers})
    amounts = amounts_text(found.amounts, words) or words("order.unknown_amount")
    sentence = words("order.summary", lines=found.lines, units=found.units, amounts=amounts, suppliers=suppliers)
    tables = [_supplier_table(facts, words), _first_lines(facts, words)]
    return Section("order", title, [sentence], tables, _supplier_charts(facts, words))


def _supplier_table(facts: Facts, words: Words) -> Table:
    names = ("supplier_code", "lines", "order_units", "line_amount", "order_by_on", "eta_on")
    heads = [_head(words, name, is_wide=name == "eta_on") for name in names]
    rows = sorted(facts.order.suppliers, key=lambda row: (row["order_by_on"], -(row["line_amount"] or 0), row["supplier_code"] or ""))
    cells = [
        [
            Cell(row["supplier_code"] or words("label.no_supplier"), row["supplier_name"] or ""), Cell(words.number(row["lines"])),
            Cell(words.number(row["order_units"])), Cell(words.money(row["line_amount"], row["currency_code"])),
            Cell(words.day(row["order_by_on"])), Cell(words.day(row["eta_on"])),
        ]
        for row in rows[: 2 * SHOWN]
    ]  # fmt: skip
    return Table(words("order.by_supplier"), heads, cells, _more(len(rows) - len(cells), "reorder_proposals.xlsx", words), is_cards=True)


def _first_lines(facts: Facts, words: Words) -> Table:
    names = ("item_code", "location_code", "urgency", "cover_days", "order_units", "supplier_code", "line_amount", "eta_on")
    heads = [_head(words, name, is_wide=name in ("cover_days", "supplier_code", "line_amount")) for name in names]
    tones: dict[str, Tone] = {"nothing_free": "bad", "before_arrival": "warn", "due": "good"}
    cells = [
        [
            _item(row), _place(row), Cell(words(f"urgency.{row['urgency']}"), tone=tones[row["urgency"]]),
            Cell(words.number(row["cover_days"], 1)), Cell(words.number(row["order_units"])), Cell(row["supplier_code"] or "–"),
            Cell(words.money(row["line_amount"], row["currency_code"])), Cell(words.day(row["eta_on"])),
        ]
        for row in facts.order.first
    ]  # fmt: skip
    return Table(
        words("order.first"),
        heads,
        cells,
        _more(facts.order.lines - len(cells), "reorder_proposals.xlsx (parstock export)", words),
        is_cards=True,
    )


def _supplier_charts(facts: Facts, words: Words) -> list[str]:
    made = []
    for currency in facts.order.amounts:
        rows = [row for row in facts.order.suppliers if row["currency_code"] == currency and row["line_amount"] is not None]
        rows = sorted(rows, key=lambda row: -row["line_amount"])[:_SUPPLIERS_IN_CHART]
        named = [
            (row["supplier_code"] or words("label.no_supplier"), float(row["line_amount"]), words.number(row["line_amount"], 2))
            for row in rows
        ]
        made.append(charts.name_bars(named, words("bars.order", currency=currency or "?")))
    return made


def lacks(facts: Facts, words: Words) -> Section:
    """What the figures above had to do without."""
    found = facts.lacks
    sentences = _missing(facts, words)
    if not found.set_aside:
        return Section("lacks", words("brief.lacks"), sentences or [words("lacks.nothing")])
    rows_aside = found.waiting + found.refused
    sentences.insert(0, words("lacks.rows", rows=rows_aside, waiting=found.waiting, refused=found.refused))
    heads = [
        Head(words("lacks.feed")), Head(words("lacks.reason")), Head(words("lacks.waiting"), is_number=True),
        Head(words("lacks.refused"), is_number=True), Head(words("lacks.example"), is_wide=True),
    ]  # fmt: skip
    shown = found.set_aside[:SHOWN]
    cells = [
        [
            Cell(row["feed"]),
            Cell(row["reason_code"]),
            Cell(words.number(row["waiting"])),
            Cell(words.number(row["refused"])),
            Cell(_reason(row["reason_code"], row["example"], words)),
        ]
        for row in shown
    ]
    left = rows_aside - sum(row["waiting"] + row["refused"] for row in shown)
    return Section("lacks", words("brief.lacks"), sentences, [Table("", heads, cells, _more(left, "parstock rejects", words))])


def _reason(code: str, reason: str, words: Words) -> str:
    """Why a row is set aside, in the language of the brief."""
    from pipelines.feeds.reasons import MEANING, REASONS
    from pipelines.words.set_aside import in_french

    said = [sentences[code] for sentences in (REASONS, MEANING) if code in sentences]
    return reason if words.language == "en" else in_french(code, reason, said)


def _missing(facts: Facts, words: Words) -> list[str]:
    found = facts.lacks
    said = [
        words("lacks.gate_blocked" if gate["is_blocked"] and gate["severity"] == "block" else "lacks.gate_warned",
              gate=gate["subject"] if gate["subject"] == gate["gate_kind"] else f"{gate['gate_kind']} {gate['subject']}", rules="; ".join(gate["what"]))
        for gate in found.gates
    ]  # fmt: skip
    if found.never_seen:
        said.append(words("lacks.never", feeds=", ".join(found.never_seen)))
    said += [words("lacks.silent", feed=feed, day=words.day(seen.date()), age=words.age(age)) for feed, seen, age in found.silent]
    counted = {
        "no_terms": words("lacks.no_terms", count=found.no_terms, out=found.no_terms_out) if found.no_terms else "",
        "no_point": words("lacks.no_point", count=found.no_point) if found.no_point else "",
        "no_cost": words("lacks.no_cost", count=found.no_cost) if found.no_cost else "",
        "negative": words("lacks.negative", count=found.negative, units=found.negative_units) if found.negative else "",
        "unfinished": words("lacks.unfinished", count=found.unfinished) if found.unfinished else "",
    }
    if facts.newer_movements:
        said.append(words("brief.late_marts", count=facts.newer_movements))
    return said + [sentence for sentence in counted.values() if sentence]


def targets(facts: Facts, words: Words) -> Section:
    """Key figures against their targets, the missed ones first."""
    if not facts.kpis:
        return Section("kpi", words("brief.targets"), [words("targets.none")])
    tones: dict[str | None, Tone] = {"met": "good", "missed": "bad"}
    heads = [
        Head(words("targets.code")), Head(words("targets.period"), is_wide=True), Head(words("targets.value"), is_number=True),
        Head(words("targets.target"), is_number=True), Head(words("targets.status")), Head(words("targets.action"), is_wide=True),
    ]  # fmt: skip
    rows = []
    told = Counter(row["kpi_code"] for row in facts.kpis)
    for row in facts.kpis:
        name = row[f"name_{words.language}"] or row["kpi_code"]
        if told[row["kpi_code"]] > 1:  # one row for each currency, which a ratio does not show
            name += f" ({row['currency_code'] or '?'})"
        period = words.day(row["period_start_on"])
        if row["period_end_on"] != row["period_start_on"]:
            period += f" – {words.day(row['period_end_on'])}"
        status = row["status"]
        rows.append([
            Cell(name), Cell(period), Cell(_measured(row["value"], row, words)),
            Cell(f"{row['target_operator']} {_measured(row['target_value'], row, words)}"),
            Cell(words.code(f"kpi_status.{status}"), tone=tones.get(status, "")),
            Cell((row["recommended_action"] or "") if status != "met" else ""),
        ])  # fmt: skip
    return Section("kpi", words("brief.targets"), [], [Table("", heads, rows)])


def _measured(value: Any, row: dict[str, Any], words: Words) -> str:
    """A key figure in its unit: shares of one in percent, amounts with their currency."""
    if value is None:
        return "–"
    unit = row["unit"] or ""
    if unit.startswith("share"):
        return words.percent(words.number(value * 100, 2))
    named = row["currency_code"] or "" if unit == "currency" else words.unit(unit, value)
    return f"{words.number(value)} {named}".strip()


def alerts(facts: Facts, words: Words) -> Section:
    """Open alerts by kind, the most severe first."""
    if not facts.alerts:
        return Section("alerts", words("brief.alerts"), [words("alerts.none")])
    day = words.day(facts.changed.day)
    count, new = (sum(row[name] for row in facts.alerts) for name in ("n_open", "n_new"))
    tones: dict[str, Tone] = {"critical": "bad", "warning": "warn"}
    heads = [
        Head(words("alerts.code")), Head(words("alerts.severity")), Head(words("alerts.open"), is_number=True), Head(words("alerts.what"), is_wide=True),
    ]  # fmt: skip
    rows = [
        [
            Cell(alert_name(row["alert_code"], words.language), row["alert_code"]),
            Cell(words.known(f"severity.{row['severity']}") or row["severity"], tone=tones.get(row["severity"], "")),
            Cell(words.number(row["n_open"])), Cell(_told(row, words)),
        ]
        for row in facts.alerts
    ]  # fmt: skip
    return Section("alerts", words("brief.alerts"), [words("alerts.summary", count=count, new=new, day=day)], [Table("", heads, rows)])


def _told(row: dict[str, Any], words: Words) -> str:
    """What is wrong, in the reader's words where the catalogue has a sentence for all that is known of it; else as it was stored, in English."""
    sentence = words.known(f"alert_told.{row['alert_code']}")
    if words.language == STORED_LANGUAGE or sentence is None:
        return row["what"] or ""
    figures = json.loads(row["figures"] or "{}")
    known = {name: date.fromisoformat(value) if name.endswith("_on") and value else value for name, value in figures.items()}
    values = {name: value for name, value in {**row, **known}.items() if value is not None}
    asked = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
    return words(f"alert_told.{row['alert_code']}", **values) if asked <= values.keys() else row["what"] or ""


_NUMBERS: Final = frozenset({"lines", "order_units", "line_amount", "cover_days", "demand_units_per_day_mean"})
_CODES: Final = frozenset({"location_code", "supplier_code", "order_by_on", "eta_on"})


def _head(words: Words, name: str, *, is_wide: bool = False) -> Head:
    return Head(words(f"column.{name}"), is_number=name in _NUMBERS, is_wide=is_wide, is_code=name in _CODES)


def _place(row: dict[str, Any]) -> Cell:
    """A place by its code. A plan of an earlier version may name one that nobody has described, or such an item."""
    return Cell(row["location_code"] or "–")


def _item(row: dict[str, Any]) -> Cell:
    return Cell(row["item_code"] or "–", row["item_name"] or "")


def _more(count: int, where: str, words: Words) -> str:
    return words("brief.more", count=count, where=where) if count > 0 else ""
