"""`parstock rebuild`: everything anew from the spool alone, with the same answers as known at any time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from oracle import driver, generate, pen, shuffle
from oracle.driver import Ledger


@pytest.mark.timeout(300)
def test_a_rebuild_from_the_spool_gives_the_same_ledger_and_the_same_answers_as_known(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folders = shuffle.write(tmp_path / "landing", generate.lines(21, 300), shuffle.Schedule(21, scans=3, files=3))
    scans = driver.scans_from(folders, pen.KNOWN_AT)
    driver.deliver_all(home, scans)
    before = Ledger(home)
    known = {known_at: before.on_hand(known_at=known_at) for _, known_at in scans}
    accounting, quarantine, old_hash = before.accounting(), before.quarantine(), before.hash
    for folder in ("warehouse", "ledger", "marts", "published"):
        shutil.rmtree(home / folder)  # the spool is all that is needed
    done = driver.call("rebuild", "--home", home)
    assert done.returncode == 0, done.stderr
    after = Ledger(home)
    assert after.hash == old_hash
    assert after.con.execute("select count(*) - count(distinct movement_id) from movements").fetchall() == [(0,)]
    assert {known_at: after.on_hand(known_at=known_at) for known_at in known} == known
    assert (after.accounting(), after.quarantine()) == (accounting, quarantine)
