"""Applying segments: one transaction a batch, exactly once.

Belongs here: the order of the steps by which a batch of units becomes movements, documents, quarantine and counts.
Does not belong here: the steps themselves, which are the neighbouring modules, or the loop around (`owner.owner`).
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.failpoints import failpoint
from pipelines.ledger import files as ledger
from pipelines.ledger import hashing
from pipelines.ledger.decisions import Decision
from pipelines.ledger.instants import micros
from pipelines.ledger.keys import key_sql, low_sql
from pipelines.owner.apply import (
    accepting,
    accounts,
    batch,
    bulk,
    contested,
    decided,
    documents,
    effects,
    explode,
    failing,
    reread,
    settling,
    unpost,
)  # fmt: skip
from pipelines.owner.apply.failing import FailedUnit, is_of_a_row
from pipelines.owner.apply.identity import KeyFilter
from pipelines.owner.posting import interplay, moves, recounts, touched, voids
from pipelines.owner.posting.posting import COUNT_KINDS, posting_kinds, whole_intents_sql
from pipelines.owner.reference.rows import ReferenceBook, ReferenceChange, ReferenceRow
from pipelines.owner.working import Work
from pipelines.spool import Manifest, Spool
from pipelines.sql_text import one_of

if TYPE_CHECKING:
    import duckdb


log = logging.getLogger("parstock.owner")


@dataclasses.dataclass(frozen=True, slots=True)
class Applied:
    """What one commit did. `rows` are rows of the deliveries, `movements` new movement rows."""

    commit_id: int
    units: int
    rows: int
    movements: int


class Applier:
    """Applies units to an open warehouse. One for each; not for several threads at once."""

    def __init__(self, con: duckdb.DuckDBPyConnection, spool: Spool, ledger_folder: Path, clock: Callable[[], datetime]) -> None:
        self._work, self._spool, self._ledger, self._clock = Work(con), spool, ledger_folder, clock
        self._bulk: Path | None = None
        self._decided = (0, 0)
        self._book = ReferenceBook(con)
        if not self._work.count("commits"):
            self._found()
        runs = con.execute(f"select {low_sql('event_key')} as key_lo from identity").fetchnumpy()["key_lo"]
        self._seen = KeyFilter([np.asarray(runs, dtype=np.uint64)] if len(runs) else [])
        self._seen.add(contested.filter_keys(self._work))
        self.applied: set[str] = {row[0] for row in con.execute("select unit_id from applied_units").fetchall()}

    def _found(self) -> None:
        """Commit 0: what is there before anything has been delivered."""
        self._work.execute("begin")
        self._book.seed_builtin()
        self._work.execute("insert into commits values (0, ?, null, null, 0, 0)", [micros(self._clock())])
        self._work.execute("commit")

    @property
    def commit_id(self) -> int:
        """The newest commit."""
        return int(self._work.execute("select max(commit_id) from commits").fetchall()[0][0])

    def check(self, decisions: Sequence[Decision]) -> None:
        """Raise UserError where one of the decisions cannot be done."""
        decided.check(self._work, decisions)

    def for_approval(self) -> list[tuple[str, str, str, int, str]]:
        """The rows that wait for approval: delivery_id, feed, source_uri, line_no, reason_code."""
        return accepting.for_approval(self._work)

    def apply(self, manifests: Sequence[Manifest], decisions: Sequence[Decision] = ()) -> Applied | None:
        """Apply units and decisions in one transaction; units applied before are passed over. Null when there was nothing to do.

        Without either it only tries again what waited for its time to come. Units on which our own code fails are applied
        one by one, and the rows of the one that it fails on are set aside: no row that somebody sends stops the others.
        """
        todo = [m for m in manifests if m.unit_id not in self.applied]
        try:
            return self._apply(todo, decisions)
        except BaseException as error:  # Polars can raise PanicException, which is no Exception
            if not is_of_a_row(error):
                raise
            log.exception("%s", f"{len(todo)} units could not be applied together" if len(todo) > 1 else "a unit could not be applied")
            decided_alone = self._apply([], decisions, with_retries=False) if decisions else None
            return (self._apply_singly(todo) if len(todo) > 1 else self._apply_failed(todo)) or decided_alone

    def _apply_singly(self, manifests: Sequence[Manifest]) -> Applied | None:
        """Apply units one after the other, in the order in which they became known."""
        each = [self.apply([manifest]) for manifest in sorted(manifests, key=lambda m: (m.feed != "reference", m.turn))]
        done = [one for one in each if one is not None]
        if not done:
            return None
        return Applied(done[-1].commit_id, len(done), sum(one.rows for one in done), sum(one.movements for one in done))

    def _apply_failed(self, manifests: Sequence[Manifest]) -> Applied | None:
        """Apply a unit that failed: without the waiting rows, should one of them be why, else with its own rows set aside."""
        if not manifests:
            return None  # what waits goes on waiting
        try:
            return self._apply(manifests, with_retries=False)
        except BaseException as error:
            if not is_of_a_row(error):
                raise
            failed = [FailedUnit.of(manifest, error) for manifest in manifests]
            return self._apply([one.refused() for one in failed], with_retries=False, failed=failed)

    def _apply(
        self, todo: Sequence[Manifest], decisions: Sequence[Decision] = (), *, with_retries: bool = True, failed: Sequence[FailedUnit] = ()
    ) -> Applied | None:
        """Apply units that were not applied, and decisions; `failed` are those of the units whose rows are set aside."""
        now_us = micros(self._clock())
        if not todo and not decisions and not self._is_due(now_us):
            return None
        work = self._work
        commit_id = self.commit_id + 1
        work.execute("begin")
        try:
            accounts.begin(work, todo)
            moves.begin(work, self._ledger)
            self._bulk = None
            contested.begin(work, self._spool)
            self._decided = decided.take(effects.Act(work, self._spool, commit_id, now_us), decisions) if decisions else (0, 0)
            contested.remember(work, self._seen)
            change = self._take_reference([m for m in todo if m.feed == "reference"], decisions, commit_id)
            events = [m for m in todo if m.feed != "reference"]
            keys = self._take_events(events, change, commit_id, now_us, with_retries=with_retries)
            if change.changed or (change.is_more_known and reread.has_unknown_tags(work)):
                reread.post_again(work, self._spool, change.changed, commit_id, now_us)
            settling.settle(work, self._spool, commit_id, now_us)
            movements = self._close(todo, commit_id, now_us)
            for one in failed:
                failing.quarantine(work, one, self._spool, commit_id)
            failpoint("before_commit")
            work.execute("commit")
            failpoint("after_commit")
        except BaseException:
            work.execute("rollback")
            self._book = ReferenceBook(work.con)
            raise
        self._seen.add(keys)
        self.applied.update(m.unit_id for m in todo)
        return Applied(commit_id, len(todo), sum(m.rows_in for m in todo), movements)

    def _is_due(self, now_us: int) -> bool:
        return bool(self._work.count(f"waiting where wait_until_us <= {now_us}"))

    # --- reference ------------------------------------------------------------------------------------------

    def _take_reference(self, manifests: Sequence[Manifest], decisions: Sequence[Decision], commit_id: int) -> ReferenceChange:
        total = self._take_accepted_reference(decisions, commit_id)
        for manifest in sorted(manifests, key=lambda m: m.turn):
            rows = self._reference_rows(manifest)
            change = self._book.take(rows, commit_id)
            total.is_more_known |= change.is_more_known
            total.changed |= change.changed
            accounts.reference_outcomes(self._work, manifest, rows, change.outcomes, commit_id)
        return total

    def _take_accepted_reference(self, decisions: Sequence[Decision], commit_id: int) -> ReferenceChange:
        """Take the reference rows that these decisions accept, as known from then on."""
        wanted = accepting.accepted_reference(self._work, self._spool, decisions)
        if not wanted:
            return ReferenceChange()
        change = self._book.take([row for _, row in wanted], commit_id)
        outcomes = [(delivery, row.line_no, what) for (delivery, row), (what, _) in zip(wanted, change.outcomes, strict=True)]
        accounts.settle_reference(self._work, outcomes, commit_id)
        return change

    def _reference_rows(self, manifest: Manifest) -> list[ReferenceRow]:
        return (
            []
            if manifest.segment is None
            else accepting.reference_rows(self._spool, manifest, formers_us=contested.formers_known_us(self._work, manifest))
        )

    # --- events ---------------------------------------------------------------------------------------------

    def _take_events(
        self, manifests: Sequence[Manifest], change: ReferenceChange, commit_id: int, now_us: int, *, with_retries: bool
    ) -> np.ndarray:
        work = self._work
        units = accounts.units_of(work, manifests, self._spool)
        accounts.no_retries(work)
        retries = accounts.choose_retries(
            work, units, is_more_known=change.is_more_known, is_more_accepted=self._decided != (0, 0), now_us=now_us
        ) if with_retries else []  # fmt: skip
        if not units and not retries:
            return batch.EMPTY_KEYS
        touched.begin(work)
        all_keys, rest = None, ""
        if sum(m.rows_parsed for m in manifests) >= bulk.BULK_ROWS:
            batch.name_units(work, [*units, *retries])
            all_keys = self._take_plain(units, commit_id, now_us)
            rest = str(work.leftover)
            if not retries and not work.count(work.leftover):
                recounts.count(work)  # nothing but plain rows came: only counts may have to follow
                return all_keys
        incoming = batch.bring_together(work, [*units, *retries], now_us=now_us, rows=rest)
        contested.leave_out(work, work.resolved)
        profile = batch.profile(work)
        keys = batch.judge(work, self._seen, profile)
        batch.accept(work)
        batch.remember(work, profile)
        explode.explode(work, profile)
        self._hold_back(profile)
        batch.accept(work)
        self._post(profile, commit_id)
        accounts.write_outcomes(work, incoming, commit_id)
        return keys if all_keys is None else all_keys

    def _take_plain(self, units: Sequence[batch.Unit], commit_id: int, now_us: int) -> np.ndarray:
        work = self._work
        path = self._ledger / "movements" / f"g{ledger.generation_of(work.con):04d}-bulk-{commit_id:012d}.parquet"
        keys, posted = bulk.post_plain(work, units, self._seen, path, commit_id, now_us)
        if posted:
            work.execute("insert into bulk_files values (?, ?, ?)", [f"movements/{path.name}", posted, commit_id])
            moves.see_all(work, self._ledger, bulk.moved_sql(path))
            self._bulk = path
        return keys

    def _hold_back(self, profile: batch.Profile) -> None:
        """Voids without their target and shipments of an ambiguous order wait."""
        work = self._work
        if profile.any_of("order_placed"):
            work.execute(f"""
                insert into order_channels select distinct document_id, channel_id, min(known_us) from {work.accepted}
                where event_kind = 'order_placed' and document_id is not null group by all""")
            unpost.unpost_ambiguous(work, self._spool)
        if profile.any_of("ship"):
            batch.set_aside(work, _of_two_channels(work), "ambiguous_order")
        if profile.any_of(*voids.VOID_KINDS):
            voids.find_voided(work)
            batch.set_aside(work, _without_target(work), "void_without_target")

    def _post(self, profile: batch.Profile, commit_id: int) -> None:
        work = self._work
        is_revised = bool(work.count(work.ends))
        if not profile.feeds.isdisjoint(documents.PLACED_FEEDS):
            documents.place_orders(work)
        if profile.kinds - (posting_kinds() - set(documents.ALSO_POSTING)) or is_revised:
            documents.append(work, documents.accepted_sql(work), commit_id)
        if profile.any_of(*interplay.KEPT_KINDS, *COUNT_KINDS):
            interplay.keep(work)
        touched.by_batch(work, profile.kinds)
        if is_revised:
            touched.by_ends(work)
        if profile.any_of(*posting_kinds()):
            moves.post_first(work, whole_intents_sql(work))
        if is_revised:
            documents.take_back(work, commit_id)
            interplay.end_kept(work)
            interplay.end_posted(work)
        interplay.post_interplay(work)
        unpost.let_voids_wait(work, self._spool)

    # --- closing --------------------------------------------------------------------------------------------

    def _close(self, manifests: Sequence[Manifest], commit_id: int, now_us: int) -> int:
        work = self._work
        before = work.execute("select hash_a, hash_b from commits order by commit_id desc limit 1").fetchall()[0]
        a, b = moves.hash_change(work)
        a, b = hashing.add(a, self._decided[0]), hashing.add(b, self._decided[1])
        stored = moves.store(work, commit_id)
        if self._bulk is not None:
            bulk.make_durable(self._bulk)
            bulk_a, bulk_b = moves.hash_change(work, bulk.moved_sql(self._bulk))
            a, b = hashing.add(a, bulk_a), hashing.add(b, bulk_b)
            stored += work.execute("select row_count from bulk_files where commit_id = ?", [commit_id]).fetchall()[0][0]
        accounts.close(work, manifests, self._spool, commit_id, now_us)
        contested.clear_replaced(work, commit_id)
        newest_known = max((micros(m.known_at) for m in manifests), default=None)
        work.execute(
            f"""insert into commits
            select ?, ?, greatest(?, max(newest_known_us)), greatest((select max(occurred_us) from {work.moved_now}), max(newest_occurred_us),
                (select max(epoch_us(occurred_at)) from ledger.events where commit_id = ?)), ?::UBIGINT, ?::UBIGINT from commits""",
            [commit_id, now_us, newest_known, commit_id, hashing.add(before[0], a), hashing.add(before[1], b)],
        )
        return stored


def _of_two_channels(work: Work) -> str:
    """SQL (unit_no, line_no) of accepted shipments that name no channel, of an order number that more than one has."""
    return f"""
        select unit_no, line_no from {work.accepted} where event_kind = 'ship' and channel_id is null and document_kind = 'so' and document_id in (
            select document_id from order_channels group by all having count(distinct channel_id) > 1)"""


def _without_target(work: Work) -> str:
    """SQL (unit_no, line_no) of accepted voids whose target is not known, or waits itself."""
    return f"""
        select unit_no, line_no from {work.accepted} a where event_kind in {one_of(voids.VOID_KINDS)} and not exists (
            select 1 from identity i where i.event_key = a.target and i.event_key not in (
                select {key_sql("w.")} from waiting w
                anti join {work.retried} r on r.unit_id = w.unit_id and r.source_line = w.source_line where w.event_kind in ('sale', 'ship')
                union all select event_key from {work.resolved} join {work.exceptions} using (unit_no, line_no)
                    where outcome = 'quarantined' and event_kind in ('sale', 'ship')))"""
