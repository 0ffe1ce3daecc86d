"""A backup holds one commit, whatever is written meanwhile; a home made from it has the same ledger, or refuses to be made."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import keeping, stages
from pipelines.errors import UserError
from pipelines.owner import backup
from pipelines.owner.owner import Owner
from pipelines.settings import Home
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms

NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)


def taken(home: Home, target: Path, seconds: int = 0) -> backup.Backup:
    return keeping.back_up(home, target, clock=lambda: NOW + timedelta(seconds=seconds))


def hash_of(home: Home) -> str:
    """The ledger hash that the home's spool gives."""
    with Owner(home, clock=lambda: NOW) as owner:
        owner.ask("flush")
        return str(owner.ask("status")["ledger_hash"])


def laid(kept: backup.Backup, folder: Path) -> Home:
    home = Home(folder)
    backup.lay_into(backup.read_backup(kept.folder), home)
    return home


@pytest.fixture
def small(tmp_path: Path) -> SmallHome:
    home = SmallHome(tmp_path / "small")
    home.deliver(**{"wms/a.jsonl": [wms("1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 50)]})
    home.deliver(
        **{"pos/a.jsonl": [pos("1", 1, "sale", "2026-03-02T10:00:00", "TEE", 2), pos("1", 2, "sale", "2026-03-02T10:00:00", "HAT", 1)]}
    )
    return home


def test_each_backup_holds_one_commit_while_lines_come_in(small: SmallHome, tmp_path: Path) -> None:
    def sell() -> None:
        for number in range(12):
            small.deliver(**{f"pos/{number}.jsonl": [pos(f"S{number}", 1, "sale", "2026-03-03T10:00:00", "TEE", 1)]})

    with Owner(small.home, clock=lambda: NOW):
        seller = threading.Thread(target=sell)
        seller.start()
        kept = [taken(small.home, tmp_path / "backups", number) for number in range(4)]
        seller.join()
    kept.append(taken(small.home, tmp_path / "backups", 10))
    assert len({one.ledger_hash for one in kept}) > 1, "nothing came in meanwhile"
    for number, one in enumerate(kept):
        assert hash_of(laid(one, tmp_path / f"restored-{number}")) == one.ledger_hash
    assert kept[-1].ledger_hash == hash_of(small.home)


def test_what_came_after_the_backup_comes_again_from_the_senders(small: SmallHome, tmp_path: Path) -> None:
    kept = taken(small.home, tmp_path)
    later = small.deliver(**{"pos/b.jsonl": [pos("2", 1, "sale", "2026-03-03T10:00:00", "TEE", 3)]})
    home = laid(kept, tmp_path / "restored")
    for folder in sorted((tmp_path / "small").glob("landing-*")):
        stages.ingest(home, folder, clock=lambda: later, engine="direct")
    assert hash_of(home) == hash_of(small.home) != kept.ledger_hash


@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_damaged_backup_is_refused_and_changes_nothing(small: SmallHome, tmp_path: Path, harm: str) -> None:
    kept = taken(small.home, tmp_path)
    assert keeping.check_backup(kept.folder).size == kept.size
    path = next(kept.folder / name for name in kept.files if "/segments/pos/" in name)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if harm == "changed" else content[:-1])
    if harm == "gone":
        path.unlink()
    home = Home(tmp_path / "restored").make()
    for refused in (lambda: keeping.check_backup(kept.folder), lambda: keeping.restore(home, kept.folder, clock=lambda: NOW)):
        with pytest.raises(UserError, match=f"1 of the {len(kept.files)} files of this backup are damaged or missing") as error:
            refused()
        assert error.value.exit_code == 1
        assert path.name in str(error.value.where)
    assert not [found for found in home.root.rglob("*") if found.is_file()]


def test_a_home_in_use_is_never_written_over(small: SmallHome, tmp_path: Path) -> None:
    kept = taken(small.home, tmp_path)
    before = hash_of(small.home)
    with pytest.raises(UserError, match="this home already has data") as error:
        keeping.restore(small.home, kept.folder, clock=lambda: NOW)
    assert error.value.exit_code == 2
    assert hash_of(small.home) == before


def test_a_folder_that_is_no_backup_is_told_so(small: SmallHome, tmp_path: Path) -> None:
    kept = taken(small.home, tmp_path)
    newer = tmp_path / "newer"
    shutil.copytree(kept.folder, newer)
    text = (newer / "backup.json").read_text()
    (newer / "backup.json").write_text(text.replace('"format": 1', '"format": 9', 1))
    for folder, said in (
        (tmp_path / "nowhere", "not a backup folder"),
        (small.home.spool, "not a backup folder"),
        (newer, "has format 9; this version reads format 1"),
    ):
        with pytest.raises(UserError, match=said) as error:
            backup.read_backup(folder)
        assert error.value.exit_code == 2


def test_a_backup_that_cannot_be_finished_leaves_nothing(small: SmallHome, tmp_path: Path) -> None:
    next((small.home.spool / "segments" / "pos").iterdir()).unlink()
    with pytest.raises(UserError, match="a file of the ledger is missing"):
        taken(small.home, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_customers_keep_their_pseudonyms_and_the_key_stays_private(tmp_path: Path) -> None:
    small = SmallHome(tmp_path / "small")
    sale = pos("1", 1, "sale", "2026-03-02T10:00:00", "TEE", 1, customer_key="CARD-77")
    small.deliver(**{"pos/a.jsonl": [sale]})
    kept = taken(small.home, tmp_path)
    home = laid(kept, tmp_path / "restored")
    key = home.root / "customer.key"
    assert key.read_bytes() == (small.home.root / "customer.key").read_bytes()
    assert key.stat().st_mode & 0o077 == 0 == (kept.folder / "customer.key").stat().st_mode & 0o077
    again = tmp_path / "again" / "pos"
    again.mkdir(parents=True)
    shutil.copy(tmp_path / "small" / "landing-2" / "pos" / "a.jsonl", again / "copy.jsonl")
    assert stages.ingest(home, again.parent, clock=lambda: KNOWN_AT, engine="direct").rows_rejected == 0
    assert hash_of(home) == kept.ledger_hash, "the same card, the same customer: the copy of the line is a duplicate"
