"""Applying segments: one transaction a batch, exactly once.

Belongs here: the order of the steps by which a batch of units becomes movements, documents, quarantine and counts.
Does not belong here: the steps themselves, which are the neighbouring modules, or the loop around (`owner.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.failpoints import failpoint
from pipelines.feeds.reasons import WAITS
from pipelines.feeds.registry import EPCIS_FEEDS
from pipelines.ledger import files as ledger
from pipelines.ledger import hashing
from pipelines.ledger.instants import micros
from pipelines.ledger.keys import key_sql, low_sql
from pipelines.owner.apply import accounts, batch, bulk, documents, explode, reread
from pipelines.owner.apply.identity import KeyFilter
from pipelines.owner.posting import interplay, moves
from pipelines.owner.posting.posting import COUNT_KINDS, posting_kinds, whole_intents_sql
from pipelines.owner.reference.rows import ReferenceBook, ReferenceChange, ReferenceRow
from pipelines.spool import Manifest, Spool
from pipelines.sql_text import one_of

if TYPE_CHECKING:
    import duckdb


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
        self._con, self._spool, self._ledger, self._clock = con, spool, ledger_folder, clock
        self._bulk: Path | None = None
        self._book = ReferenceBook(con)
        if not con.execute("select count(*) from commits").fetchall()[0][0]:
            self._found()
        runs = con.execute(f"select {low_sql('event_key')} as key_lo from identity").fetchnumpy()["key_lo"]
        self._seen = KeyFilter([np.asarray(runs, dtype=np.uint64)] if len(runs) else [])
        self.applied: set[str] = {row[0] for row in con.execute("select unit_id from applied_units").fetchall()}

    def _found(self) -> None:
        """Commit 0: what is there before anything has been delivered."""
        self._con.execute("begin")
        self._book.seed_builtin()
        self._con.execute("insert into commits values (0, ?, null, null, 0, 0)", [micros(self._clock())])
        self._con.execute("commit")

    @property
    def commit_id(self) -> int:
        """The newest commit."""
        return int(self._con.execute("select max(commit_id) from commits").fetchall()[0][0])

    def apply(self, manifests: Sequence[Manifest]) -> Applied | None:
        """Apply units in one transaction; those applied before are passed over. Null when there was nothing to do.

        Without manifests it only tries again what waited for its time to come.
        """
        todo = [m for m in manifests if m.unit_id not in self.applied]
        now_us = micros(self._clock())
        if not todo and not self._is_due(now_us):
            return None
        con = self._con
        commit_id = self.commit_id + 1
        con.execute("begin")
        try:
            accounts.begin(con, todo)
            moves.begin(con, self._ledger)
            self._bulk = None
            change = self._take_reference([m for m in todo if m.feed == "reference"], commit_id)
            keys = self._take_events([m for m in todo if m.feed != "reference"], change, commit_id, now_us)
            if change.changed or (change.is_more_known and reread.has_unknown_tags(con)):
                reread.post_again(con, self._spool, change.changed, commit_id, now_us)
            movements = self._close(todo, commit_id, now_us)
            failpoint("before_commit")
            con.execute("commit")
            failpoint("after_commit")
        except BaseException:
            con.execute("rollback")
            self._book = ReferenceBook(con)
            raise
        self._seen.add(keys)
        self.applied.update(m.unit_id for m in todo)
        return Applied(commit_id, len(todo), sum(m.rows_in for m in todo), movements)

    def _is_due(self, now_us: int) -> bool:
        return bool(self._con.execute("select count(*) from waiting where wait_until_us <= ?", [now_us]).fetchall()[0][0])

    # --- reference ------------------------------------------------------------------------------------------

    def _take_reference(self, manifests: Sequence[Manifest], commit_id: int) -> ReferenceChange:
        total = ReferenceChange()
        for manifest in sorted(manifests, key=lambda m: m.turn):
            rows = self._reference_rows(manifest)
            change = self._book.take(rows, commit_id)
            total.is_more_known |= change.is_more_known
            total.changed |= change.changed
            accounts.reference_outcomes(self._con, manifest, rows, change.outcomes, commit_id)
        return total

    def _reference_rows(self, manifest: Manifest) -> list[ReferenceRow]:
        if manifest.segment is None or manifest.entity is None:
            return []
        import polars as pl

        known_us = micros(manifest.known_at)
        rows: list[dict[str, Any]] = pl.read_parquet(self._spool.segment_path(manifest.feed, manifest.segment)).to_dicts()
        return [
            ReferenceRow(manifest.entity, {k: v for k, v in row.items() if k != "source_line"}, int(row["source_line"]), known_us)
            for row in rows
        ]

    # --- events ---------------------------------------------------------------------------------------------

    def _take_events(self, manifests: Sequence[Manifest], change: ReferenceChange, commit_id: int, now_us: int) -> np.ndarray:
        con = self._con
        units = accounts.units_of(con, manifests, self._spool)
        retries = accounts.choose_retries(con, units, is_more_known=change.is_more_known, now_us=now_us)
        if not units and not retries:
            return batch.EMPTY_KEYS
        all_keys, rest = None, ""
        if sum(m.rows_parsed for m in manifests) >= bulk.BULK_ROWS:
            batch.name_units(con, [*units, *retries])
            all_keys = self._take_plain(units, commit_id, now_us)
            rest = "leftover"
            if not retries and not con.execute("select count(*) from leftover").fetchall()[0][0]:
                self._post_again()
                return all_keys
        incoming = batch.bring_together(con, [*units, *retries], now_us=now_us, rows=rest)
        profile = batch.profile(con)
        keys = batch.judge(con, self._seen, profile)
        batch.accept(con)
        self._remember(profile)
        if profile.has_bundles:
            explode.components(con)
        if profile.any_of("consignment_consume"):
            explode.ownership(con)
        if not profile.feeds.isdisjoint(EPCIS_FEEDS) and explode.epcs(con):
            profile.kinds.add("receipt")
        self._hold_back(profile)
        batch.accept(con)
        self._post(profile, commit_id)
        accounts.write_outcomes(con, incoming, commit_id)
        return keys if all_keys is None else all_keys

    def _take_plain(self, units: Sequence[batch.Unit], commit_id: int, now_us: int) -> np.ndarray:
        con = self._con
        path = self._ledger / "movements" / f"g{ledger.generation_of(con):04d}-bulk-{commit_id:012d}.parquet"
        keys, posted = bulk.post_plain(con, units, self._seen, path, commit_id, now_us)
        if posted:
            con.execute("insert into bulk_files values (?, ?, ?)", [f"movements/{path.name}", posted, commit_id])
            moves.see_all(con, self._ledger)
            con.execute(
                f"create or replace temp view moved_now as select * exclude (reverses_movement_id) from new_moves union all by name from {bulk.moved_sql(path)}"
            )
            self._bulk = path
        return keys

    def _post_again(self) -> None:
        """Nothing but plain rows came: only counts may have to follow."""
        self._con.execute("create or replace temp table touched_counts (event_id UUID)")
        interplay.count(self._con)

    def _remember(self, profile: batch.Profile) -> None:
        """Identity of what is accepted or waits; of what is refused the corrected copy is new."""
        distinct = "distinct" if profile.has_cuts else ""
        refused = """anti join (select unit_no, line_no from exceptions x where outcome = 'duplicate'
            or (outcome = 'quarantined' and not list_contains(getvariable('waits'), reason_code))) x using (unit_no, line_no)"""
        is_plain = not self._con.execute("select count(*) from exceptions").fetchall()[0][0]
        if not is_plain:
            self._con.execute("set variable waits = " + str(sorted(WAITS)))
        self._con.execute(f"""
            insert into identity select {distinct} event_key, revision, payload_hash, known_us
            from (select r.* from resolved r join batch_units u using (unit_no) where not u.is_retry) {"" if is_plain else refused}""")
        if profile.any_of("sale"):
            self._con.execute(
                "insert into line_keys select distinct target, event_key from accepted where event_kind = 'sale' and target is not null"
            )

    def _hold_back(self, profile: batch.Profile) -> None:
        """Voids without their target and shipments of an ambiguous order wait."""
        con = self._con
        if profile.any_of("order_placed"):
            con.execute("""
                insert into order_channels select distinct document_id, channel_id, min(known_us) from accepted
                where event_kind = 'order_placed' and document_id is not null group by all""")
            accounts.unpost_ambiguous(con, self._spool)
        if profile.any_of("ship"):
            batch.set_aside(
                con,
                """
                select unit_no, line_no from accepted where event_kind = 'ship' and channel_id is null and document_kind = 'so' and document_id in (
                    select document_id from order_channels group by all having count(distinct channel_id) > 1)""",
                "ambiguous_order",
            )
        if profile.any_of(*interplay.VOID_KINDS):
            interplay.find_voided(con)
            batch.set_aside(
                con,
                f"""
                select unit_no, line_no from accepted a where event_kind in {one_of(interplay.VOID_KINDS)} and not exists (
                    select 1 from identity i where i.event_key = a.target and i.event_key not in (
                        select {key_sql("w.")} from waiting w
                        anti join retried r on r.unit_id = w.unit_id and r.source_line = w.source_line where w.event_kind in ('sale', 'ship')
                        union all select event_key from resolved join exceptions using (unit_no, line_no)
                            where outcome = 'quarantined' and event_kind in ('sale', 'ship')))""",
                "void_without_target",
            )

    def _post(self, profile: batch.Profile, commit_id: int) -> None:
        con = self._con
        is_revised = bool(con.execute("select count(*) from ends").fetchall()[0][0])
        if not profile.feeds.isdisjoint(documents.PLACED_FEEDS):
            documents.place_orders(con)
        if profile.kinds - (posting_kinds() - set(documents.ALSO_POSTING)) or is_revised:
            documents.append(con, f"(select * from accepted where since_us < until_us and {documents.is_document_sql()})", commit_id)
        if profile.any_of(*interplay.KEPT_KINDS, *COUNT_KINDS):
            interplay.keep(con, "accepted")
        self._touch(profile, is_revised)
        self._post_whole(profile)
        if is_revised:
            documents.take_back(con, "ends", commit_id)
            interplay.end_kept(con)
            interplay.end_posted(con)
        interplay.post_interplay(con)

    def _touch(self, profile: batch.Profile, is_revised: bool) -> None:
        """Which documents, targets and counts the batch touches."""
        con = self._con
        con.execute("create or replace temp table touched_docs (kind VARCHAR, id VARCHAR)")
        con.execute("create or replace temp table touched_keys (event_key UUID)")
        con.execute("create or replace temp table touched_counts (event_id UUID)")
        partners = {"receipt": ("asn",), "ship": ("pick",), "asn": ("receipt",), "pick": ("ship",)}
        for kind, (partner,) in partners.items():
            if profile.any_of(kind):
                con.execute(f"insert into touched_docs {_touched_docs_sql(kind, partner)}")
        if profile.any_of("receipt"):
            # what a reader received is weighed against whatever else was received under the document
            con.execute("""
                insert into touched_docs select distinct document_kind, document_id from accepted where event_kind = 'receipt' and document_id is not null
                    and (document_kind, document_id) in (select (document_kind, document_id) from kept_events where event_kind = 'receipt' and epc is not null)""")
        if profile.any_of(*interplay.VOID_KINDS):
            con.execute(f"insert into touched_keys select target from accepted where event_kind in {one_of(interplay.VOID_KINDS)}")
            con.execute("""
                insert into touched_docs select distinct k.document_kind, k.document_id from kept_events k
                where k.event_kind = 'ship' and k.event_key in (select event_key from touched_keys)""")
        if profile.any_of(*COUNT_KINDS):
            con.execute(f"insert into touched_counts select event_id from accepted where event_kind in {one_of(COUNT_KINDS)}")
        if is_revised:
            con.execute("""
                insert into touched_docs select document_kind, document_id from kept_events where event_id in (select event_id from ends)
                union select coalesce(ref_document_kind, 'po'), ref_document_id from kept_events
                where event_kind = 'asn' and ref_document_id is not null and event_id in (select event_id from ends)""")
            con.execute("insert into touched_counts select event_id from ends where event_id in (select event_id from counts)")
            con.execute("insert into touched_keys select event_key from ended_revisions")
            con.execute(
                "insert into touched_keys select target from kept_events where target is not null and event_id in (select event_id from ends)"
            )

    def _post_whole(self, profile: batch.Profile) -> None:
        """Post what each event posts by itself; receipts and shipments without a partner leave or come as a whole."""
        if not profile.any_of(*posting_kinds()):
            return
        moves.post_first(self._con, whole_intents_sql("accepted"))

    # --- closing --------------------------------------------------------------------------------------------

    def _close(self, manifests: Sequence[Manifest], commit_id: int, now_us: int) -> int:
        con = self._con
        before = con.execute("select hash_a, hash_b from commits order by commit_id desc limit 1").fetchall()[0]
        a, b = moves.hash_change(con)
        stored = moves.store(con, commit_id)
        if self._bulk is not None:
            bulk.make_durable(self._bulk)
            bulk_a, bulk_b = moves.hash_change(con, bulk.moved_sql(self._bulk))
            a, b = hashing.add(a, bulk_a), hashing.add(b, bulk_b)
            stored += con.execute("select row_count from bulk_files where commit_id = ?", [commit_id]).fetchall()[0][0]
        accounts.close(con, manifests, self._spool, commit_id, now_us)
        newest_known = max((micros(m.known_at) for m in manifests), default=None)
        con.execute(
            """insert into commits
            select ?, ?, greatest(?, max(newest_known_us)), greatest((select max(occurred_us) from moved_now), max(newest_occurred_us),
                (select max(epoch_us(occurred_at)) from ledger.events where commit_id = ?)), ?::UBIGINT, ?::UBIGINT from commits""",
            [commit_id, now_us, newest_known, commit_id, hashing.add(before[0], a), hashing.add(before[1], b)],
        )
        return stored


def _touched_docs_sql(kind: str, partner: str) -> str:
    """Documents of this kind of event in the batch that have, or now get, a partner."""
    own = "select distinct document_kind, document_id from {0} where event_kind = '{1}' and document_id is not null"
    answered = "select distinct coalesce(ref_document_kind, 'po'), ref_document_id from {0} where event_kind = '{1}' and ref_document_id is not null"
    if kind in ("asn", "pick"):
        mine = own.format("accepted", kind) + (f" union {answered.format('accepted', kind)}" if kind == "asn" else "")
        return f"select * from ({mine}) intersect select * from ({own.format('kept_events', partner)})"
    theirs = own.format("kept_events", partner) + (f" union {answered.format('kept_events', partner)}" if partner == "asn" else "")
    return f"select * from ({own.format('accepted', kind)}) intersect select * from ({theirs})"
