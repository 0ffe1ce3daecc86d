"""Which units are applied together, and when: small batches at once, a backfill early and then in big pieces."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.owner import pending
from pipelines.owner.pending import Pending


class Spool:
    """Manifests by name, as the spool has them."""

    def __init__(self) -> None:
        self.manifests: dict[str, Any] = {}

    def parse(self, rows: int, feed: str = "pos", known_at: str = "2026-03-02") -> None:
        name = f"u{len(self.manifests):03}"
        self.manifests[name] = SimpleNamespace(unit_id=name, rows_in=rows, feed=feed, turn=(known_at, name, 0, 1))

    def manifest_ids(self) -> set[str]:
        return set(self.manifests)

    def read_manifest(self, name: str) -> Any:
        return self.manifests[name]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [100.0]
    monkeypatch.setattr(pending.time, "monotonic", lambda: seconds[0])
    return seconds


def pending_of(spool: Any) -> Pending:
    return Pending(spool)


def rows_of(batch: pending.Batch) -> list[int]:
    return [manifest.rows_in for manifest in batch.manifests]


def test_a_streams_small_batches_never_wait(now: list[float]) -> None:
    spool = Spool()
    spool.parse(500)
    spool.parse(700, feed="reference")
    assert [(rows_of(batch), batch.is_growing) for batch in [pending_of(spool).next(set(), may_grow=True)]] == [([700, 500], False)]


def test_a_backfills_first_batch_is_small_and_the_next_are_big(now: list[float]) -> None:
    spool, applied, taken = Spool(), set[str](), []
    found = pending_of(spool)
    for _ in range(30):  # a unit each tenth of a second
        now[0] += 0.1
        spool.parse(35_000)
        batch = found.next(applied, may_grow=True)
        assert batch.is_growing == bool(batch.manifests)
        taken += [sum(rows_of(batch))] if batch.manifests else []
        applied |= {manifest.unit_id for manifest in batch.manifests}
    assert taken == [175_000, 315_000, 315_000]
    assert found.is_waiting
    last = found.next(applied, may_grow=False)  # whoever asks waits for all of it
    assert (sum(rows_of(last)), last.is_growing) == (30 * 35_000 - sum(taken), False)
    assert found.next(applied | {manifest.unit_id for manifest in last.manifests}, may_grow=True) == ([], False)
    assert not found.is_waiting


def test_a_big_batch_does_not_wait_where_nothing_more_comes_nor_for_ever(now: list[float]) -> None:
    spool = Spool()
    spool.parse(30_000)
    found = pending_of(spool)
    assert rows_of(found.next(set(), may_grow=True)) == []
    now[0] += pending.QUIET_SECONDS
    assert rows_of(found.next(set(), may_grow=True)) == [30_000]
    spool = Spool()
    spool.parse(30_000)
    found = pending_of(spool)
    for _ in range(int(pending.GATHER_SECONDS / 0.2)):
        assert rows_of(found.next(set(), may_grow=True)) == []
        now[0] += 0.2
        spool.parse(1)
    now[0] += 0.01
    assert sum(rows_of(found.next(set(), may_grow=True))) > 30_000


def test_no_transaction_is_above_its_size_but_of_one_unit(now: list[float]) -> None:
    spool = Spool()
    for _ in range(5):
        spool.parse(250_000)
    assert rows_of(pending_of(spool).next(set(), may_grow=False)) == [250_000, 250_000]
    spool = Spool()
    spool.parse(pending.BATCH_ROWS + 1)
    assert rows_of(pending_of(spool).next(set(), may_grow=False)) == [pending.BATCH_ROWS + 1]


def test_earlier_reference_goes_before_a_later_one_that_was_listed_first(now: list[float]) -> None:
    spool = Spool()
    spool.parse(3, feed="reference", known_at="2026-03-01")
    spool.parse(4, feed="reference", known_at="2026-03-02")
    spool.manifest_ids = iter([{"u001"}, {"u000", "u001"}]).__next__  # type: ignore[method-assign]
    assert rows_of(pending_of(spool).next(set(), may_grow=True)) == [3, 4]
