"""What a command that ingests says at its end: what became of every row, feed by feed, and where to look.

Belongs here: the words. Does not belong here: counting (`pipelines.ledger.account`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipelines.cli.output import Output
    from pipelines.ledger.account import Account, FeedAccount
    from pipelines.stages import IngestResult

_WORDS: Final = {
    "accepted": "accepted", "duplicate": "duplicates", "corrected": "corrected by a later revision", "waiting": "waiting", "refused": "refused",
    "conflicting": "conflicting with what came before",
}  # fmt: skip
_ALWAYS: Final = ("accepted", "waiting", "refused")


def show_ingest(out: Output, result: IngestResult) -> None:
    """Print what an ingest did; one row of figures where a machine reads it."""
    if not out.is_table:
        figures = result.figures()
        out.rows(list(figures), [tuple(figures.values())])
        return
    out.say(f"deliveries  {result.deliveries:,} seen, {result.new_deliveries:,} new", *account_lines(result.account))
    out.say(f"ledger      commit {result.commit_id}")
    for name, rows in result.left_out.items():
        out.say(f"left out    {name}: {rows:,} rows that its mapping leaves out")
    for name in result.waiting_files:
        out.say(f"waiting     {name}: still being written; the next run takes it")
    for what in result.unreadable_files:
        out.say(f"unreadable  {what}")


def account_lines(account: Account) -> list[str]:
    r"""The account in sentences: all rows, then each feed where there are several, then what to do.

    >>> from pipelines.ledger.account import Account, FeedAccount
    >>> print(*account_lines(Account((FeedAccount("pos", 9, 4, 2, 0, 1, 1, 1),), resumed=3)), sep="\n")
    rows        9 read: 4 accepted, 2 duplicates, 1 waiting, 1 refused, 1 conflicting with what came before
    set aside   3 rows (1 of them goes on by itself): parstock rejects
    went on     3 rows that had waited
    >>> account_lines(Account((FeedAccount("wms", 2, 0, 0, 0, 2, 0, 0, for_approval=2),)))[1]
    'set aside   2 rows (none of them goes on by itself, 2 for approval): parstock rejects'
    >>> account_lines(Account())
    ['rows        0 read']
    """
    lines = [f"rows        {_all_of(account)}"]
    if len(account.feeds) > 1:
        width = max(len(feed.feed) for feed in account.feeds)
        lines += [f"  {feed.feed:<{width}}  {_counted(feed.rows_in, _counts_of(feed))}" for feed in account.feeds]
    if account.set_aside:
        lines.append(f"set aside   {_rows(account.set_aside)} ({_wait(account)}): parstock rejects")
    if account.resumed > 0:
        lines.append(f"went on     {_rows(account.resumed)} that had waited")
    return lines


def _wait(account: Account) -> str:
    waiting = account.total("waiting") - account.for_approval
    wait = {0: "none of them goes on by itself", 1: "1 of them goes on by itself"}.get(waiting, f"{waiting:,} of them go on by themselves")
    return f"{wait}, {account.for_approval:,} for approval" if account.for_approval else wait


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _all_of(account: Account) -> str:
    return _counted(account.total("rows_in"), {name: account.total(name) for name in _WORDS})


def _counts_of(feed: FeedAccount) -> dict[str, int]:
    return {name: int(getattr(feed, name)) for name in _WORDS}


def _counted(rows: int, counts: dict[str, int]) -> str:
    """Rows and what became of them; the rare ends only where there were such."""
    if not rows:
        return "0 read"
    told = [f"{count:,} {_WORDS[name]}" for name, count in counts.items() if count or name in _ALWAYS]
    return f"{rows:,} read: " + ", ".join(told)
