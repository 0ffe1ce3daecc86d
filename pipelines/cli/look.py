"""Commands that show what is there: sql, feeds, rejects, doctor. They change nothing, but for `rejects --accept`.

Belongs here: the questions and how the answers are laid out. Does not belong here: formulas.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipelines.cli.decisions import Author, tell
from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, AsOf, HomeDir, clock_at, home_at
from pipelines.cli.output import Output

_TABLES_SQL = """
select schema_name || '.' || name as "table", coalesce(nullif(regexp_extract(comment, 'Grain: ([^.]*)', 1), ''), comment) as one_row_per
from (
    select database_name, schema_name, view_name as name, comment from duckdb_views() where not internal
    union all select database_name, schema_name, table_name, comment from duckdb_tables() where not internal)
where database_name = current_database() and schema_name not in ('ledger', 'staging', 'intermediate')
order by list_position(['stock', 'availability', 'demand', 'plan', 'core', 'kpi', 'ops'], schema_name), name"""

_FEEDS_SQL = """
with seen as (
    select feed, max(first_known_at) as last_seen_at, count(*) as deliveries, cast(sum(rows_in) as bigint) as rows_in,
        cast(sum(accepted) as bigint) as accepted, cast(sum(duplicate) as bigint) as duplicate, cast(sum(corrected) as bigint) as corrected,
        cast(sum(quarantined) as bigint) as quarantined
    from ops.deliveries group by feed),
events as (
    select source_feed as feed, event_id, occurred_at, known_at from ledger.movements where not is_reversal
    union all select feed, event_id, occurred_at, known_at from ledger.events where sign = 1),
late as (
    select feed, count(distinct event_id) as late from events join (values {lateness}) l(feed, days) using (feed)
    where known_at - occurred_at > to_seconds(days) group by feed)
select f.feed, last_seen_at, coalesce(deliveries, 0) as deliveries, coalesce(rows_in, 0) as rows_in, coalesce(accepted, 0) as accepted,
    coalesce(duplicate, 0) as duplicate, coalesce(corrected, 0) as corrected, coalesce(quarantined, 0) as quarantined,
    coalesce(late, 0) as late
from (values {feeds}) f(feed, place) left join seen using (feed) left join late using (feed) order by place"""

_FIELDS_SQL = """
select feed, field_kind, string_agg(distinct field_name, ', ' order by field_name) as names
from ops.feed_fields
where field_kind = 'unknown' or (field_kind = 'missing' and n_times_since = 0)
group by all order by feed, field_kind"""
_FIELD_WORDS = {
    "unknown": "fields that it does not list, kept in extra: {}",
    "missing": "required but not sent, so whole files are refused (parstock rejects): {}",
}

_REJECTS_SQL = """
select q.feed, d.source_uri, q.line_no, q.is_waiting, q.reason_code, q.reason, q.payload
from ops.quarantine q left join ops.deliveries d using (delivery_id)
where (q.feed = '{feed}' or '{feed}' = '') and (q.is_waiting or not {waiting})
order by q.feed, d.source_uri, q.line_no"""
_SHOWN = 20


def sql(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="One SELECT. Without it: all tables, and what one row of each is.")
    ] = None,
    home: HomeDir = DEFAULT_HOME,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Query the published tables; without a query, list them.

    Read-only: one SELECT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN. `-` reads the query from stdin.
    """
    from pipelines.publish.reader import run_sql

    out = Output(as_json=as_json, as_csv=as_csv)
    text = sys.stdin.read() if query == "-" else query
    answer = run_sql(home_at(home), text if text is not None else _TABLES_SQL)
    out.rows(answer.columns, answer.rows)


def feeds(home: HomeDir = DEFAULT_HOME, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """One line per feed: last seen, and what became of its rows.

    late: events known later after they happened than the feed's declaration allows. They count all the same.
    Below: fields that a feed does not list or lacks (ops.feed_fields says since when and from whom).
    """
    from pipelines.feeds.registry import FEED_BY_NAME, FEED_NAMES
    from pipelines.publish.reader import run_sql

    out = Output(as_json=as_json, as_csv=as_csv)
    lateness = ", ".join(f"('{name}', {int(feed.lateness.total_seconds())})" for name, feed in FEED_BY_NAME.items())
    places = ", ".join(f"('{name}', {place})" for place, name in enumerate(FEED_NAMES))
    answer = run_sql(home_at(home), _FEEDS_SQL.format(lateness=lateness, feeds=places))
    told = run_sql(home_at(home), _FIELDS_SQL).rows
    fields = {feed: {kind: names for other, kind, names in told if other == feed} for feed, _, _ in told}
    if not out.is_table:
        kinds = ("unknown", "missing")
        rows = [(*row, *(fields.get(row[0], {}).get(kind) for kind in kinds)) for row in answer.rows]
        out.rows([*answer.columns, *(f"{kind}_fields" for kind in kinds)], rows)
        return
    out.rows(answer.columns, answer.rows)
    for feed, of_feed in fields.items():
        for kind, names in of_feed.items():
            out.say(f"{feed}: " + _FIELD_WORDS[kind].format(names))


def rejects(
    feed: Annotated[str | None, typer.Argument(metavar="[FEED]", help="Only this feed.")] = None,
    home: HomeDir = DEFAULT_HOME,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only rows that wait; they are taken by themselves once what they wait for arrives.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help=f"Show this many rows. Default: {_SHOWN} in a table, all otherwise.")
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="WHAT", help="Take rows that wait for approval: a reason, DELIVERY, DELIVERY:LINE, or all."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why they are accepted; kept with the decision.")] = None,
    author: Author = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Quarantined rows: where, why, and how to fix them.

    Waiting rows are taken by themselves once what they name is delivered; rows for approval once somebody accepts them, DELIVERY
    being the path of the file or the delivery's id; the others need a corrected copy. In a table, rows of one file with the same
    reason are one line; --csv and --json have every row.
    """
    from pipelines import deciding
    from pipelines.cli.rejects import by_reason, folded, for_approval
    from pipelines.feeds.registry import check_feed_name
    from pipelines.publish.reader import run_sql

    out = Output(as_json=as_json, as_csv=as_csv)
    name = check_feed_name(feed) if feed else ""
    if accept is not None:
        if not reason:
            raise typer.BadParameter("an accepted row needs its reason: --reason TEXT")
        made = deciding.accept_rows(
            home_at(home), accept, feed=name, reason=reason, author=deciding.author_of(author), clock=clock_at(as_of)
        )
        tell(out, made)
        out.say("They count from now on. parstock build, or the next run, brings all tables up to date.")
        return
    answer = run_sql(home_at(home), _REJECTS_SQL.format(feed=name, waiting=str(waiting).lower()))
    if not out.is_table:
        out.rows(answer.columns, answer.rows[:limit])
        return
    if not answer.rows:
        out.say("No row is quarantined.")
        return
    out.rows(["feed", "reason_code", "rows", "of_them_waiting", "state", "first", "how_to_fix_them"], by_reason(answer.rows))
    out.say("")
    lines = folded(answer.rows)
    shown = limit or _SHOWN
    out.rows(["feed", "source_uri", "line_no", "rows", "is_waiting", "reason_code", "reason", "payload"], lines[:shown])
    if len(lines) > shown:
        out.say(f"… {len(lines) - shown:,} more: --limit N, --csv or --json")
    if any(row[3] for row in answer.rows):
        out.say("", "Waiting rows are taken by themselves when what they name is delivered; refused ones need a corrected copy.")
    if for_approval(answer.rows):
        out.say("Rows for approval are taken when somebody says that they are right: parstock rejects --accept WHAT --reason TEXT")


def doctor(home: HomeDir = DEFAULT_HOME, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Check the installation and data folder; suggest fixes.

    Versions, folders, locks, ledger against published, conservation, rows in = rows accounted for, disk, last feed seen.
    """
    from pipelines.cli.checks import examine, exit_code

    out = Output(as_json=as_json, as_csv=as_csv)
    findings = examine(home_at(home))
    if out.is_table:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=True)
        for one in findings:
            style = {"ok": "green", "warn": "yellow", "fail": "bold red"}[one.level]
            console.print(f"{one.level:<5}", style=style, end="")
            console.print(f" {one.check:<14} {one.what}", markup=False)
            if one.next_step:
                console.print(f"{'':<20} next: {one.next_step}", markup=False)
    else:
        out.rows(["level", "check", "what", "next_step"], [(one.level, one.check, one.what, one.next_step or None) for one in findings])
    raise typer.Exit(exit_code(findings))
