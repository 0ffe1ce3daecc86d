"""Files that are taken back leave the ledger that would be there without them, whatever they had in common with others.

`PARSTOCK_WITHDRAWALS` sets how many random worlds are tried (default 1).
"""

from __future__ import annotations

import os
import random
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from oracle import driver, generate, pen, shuffle

from pipelines import deciding
from pipelines.settings import Home

WORLDS = int(os.environ.get("PARSTOCK_WITHDRAWALS", "1"))


def standing(ledger: driver.Ledger) -> tuple[object, ...]:
    """Stock, transit, movements by kind, and orders and purchase orders, as they stand."""
    said = ledger.rows("""
        select event_kind, document_id, document_line, item_id, location_id, units, sum(sign)::INT as n from events
        where feed in ('marketplace', 'supply') and event_kind not like 'consignment%' group by all having n <> 0 order by all""")
    return ledger.on_hand(), ledger.in_transit(), ledger.net_units(), said


def differing(mine: Any, theirs: Any) -> list[Any]:
    """What stands in only one of two answers, each as rows or as figures by key."""
    first, second = (set(map(repr, one.items() if isinstance(one, dict) else one)) for one in (mine, theirs))
    return sorted(first ^ second)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_taken_back_it_is_as_if_they_had_not_come_and_undone_as_if_they_had_not_gone(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    schedule = shuffle.Schedule(seed, scans=2, files=2, copy_rate=0.3, csv_rate=0.2, gzip_rate=0, resend_rate=0.4)
    scans = driver.scans_from(shuffle.write(tmp_path / "landing", generate.lines(seed, 120), schedule), pen.KNOWN_AT)
    driver.deliver_all(tmp_path / "home", scans)
    before = driver.Ledger(tmp_path / "home")
    delivered = sorted({str(uri) for (uri,) in before.rows("select source_uri from deliveries where feed <> 'reference'")})
    chosen = set(chance.sample(delivered, len(delivered) // 3))
    ids = dict(before.rows("select source_uri, any_value(delivery_id) from deliveries group by all"))
    at = scans[-1][1].replace(tzinfo=UTC) + timedelta(hours=1)

    acts = [{"kind": "withdraw", "delivery_id": ids[uri], "reason": "a test"} for uri in sorted(chosen)]
    made = deciding.decide(Home(tmp_path / "home"), acts, author="ann", clock=lambda: at)
    without = driver.Ledger(tmp_path / "home")
    for landing, _ in scans:
        for uri in chosen:
            (landing / uri).unlink(missing_ok=True)
    driver.deliver_all(tmp_path / "never", scans)
    never = driver.Ledger(tmp_path / "never")

    for mine, theirs in zip(standing(without), standing(never), strict=True):
        assert differing(mine, theirs) == []
    accounting = without.accounting()
    assert {uri: counts for uri, counts in accounting.items() if uri not in chosen} == never.accounting()
    assert [uri for uri, counts in accounting.items() if counts[0] != sum(counts[1:])] == []
    assert {one for one in without.quarantine() if one[0] not in chosen} == never.quarantine()
    assert without.on_hand(known_at=scans[-1][1]) == before.on_hand()

    deciding.undo(Home(tmp_path / "home"), str(made[0]["batch_id"]), reason="a test", author="ann", clock=lambda: at + timedelta(hours=1))
    again = driver.Ledger(tmp_path / "home")
    assert again.hash == before.hash
    for mine, theirs in zip(standing(again), standing(before), strict=True):
        assert differing(mine, theirs) == []
    assert driver.totals(again.accounting()) == driver.totals(before.accounting())
