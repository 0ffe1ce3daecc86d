"""The rows of one look: asked in SQL now, and kept as they were for Great Expectations to validate later.

Belongs here: a look's tables, handing them on with the suites and what was decided, which batches wait. Does not belong
here: deciding (`in_sql`), validating (`_gx`), the process that does it (`pipelines.processes.validation`).

`run/gates/<look>.<any>/` has one Parquet file for each table that changes after the look (marts); segments of the spool never do
and are read where they lie. `batch.json`, written last, says that the batch waits; a folder without it is of a look that
was killed, or is being made under the lock of the looks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.quality.rules import quoted
from pipelines.quality.suites import Suite, as_json
from pipelines.settings import Home, Settings
from pipelines.sql_text import literal

if TYPE_CHECKING:
    import duckdb

KEPT_BATCHES: Final = 50
"""So many wait at most: where nothing ever validates them (the process is killed each time), the oldest make room, but for one being read."""
_BATCH_FILE: Final = "batch.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """What the gate found of one rule. `gate` is the kind and subject of the gate: `feed/pos`, `marts/marts`."""

    gate: str
    is_met: bool
    rows_checked: int
    rows_failed: int


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """A look that waits for the library. `views` are its tables as SQL, `report` the page to write, null where none is."""

    folder: Path
    look: str
    checked_at: datetime
    views: dict[str, str]
    suites: dict[str, Suite]
    decided: dict[str, Decided]
    report: Path | None


class LookTables:
    """The tables of a look while it is made; `execute` asks them."""

    def __init__(self, home: Home, look: str, con: duckdb.DuckDBPyConnection) -> None:
        self.look, self._home = look, home
        # The same look may come twice, by a clock that stands; the first one may be being validated.
        self._folder = _folder(home) / f"{look}.{uuid.uuid4().hex[:8]}"
        self._con = con
        self._views: dict[str, str] = {}
        self._folder.mkdir(parents=True)

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run SQL; returns the cursor."""
        return self._con.execute(sql)

    def add_lasting(self, name: str, query: str) -> None:
        """A table that is a query over files which never change."""
        self.execute(f"create view {quoted(name)} as {query}")
        self._views[name] = query

    def add_copy(self, name: str, query: str) -> str:
        """A table whose rows are copied, for what the query reads may change; returns the query that reads the copy."""
        path = literal(self._folder.resolve() / f"{name}.parquet")
        self.execute(f"copy ({query}) to {path} (format parquet)")
        copied = f"select * from read_parquet({path})"
        self.add_lasting(name, copied)
        return copied

    def hand_over(self, suites: Mapping[str, Suite], decided: Mapping[str, Decided], *, checked_at: datetime, report: Path | None) -> None:
        """Let the batch wait for the library with its suites and with what was decided, by rule."""
        for table, suite in suites.items():
            path = self._folder / "suites" / f"{table}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(as_json(suite))
        content = {
            "look": self.look, "checked_at": checked_at.isoformat(), "report": str(report) if report else None,
            "decided": {rule: dataclasses.astuple(found) for rule, found in decided.items()},
            "views": {name: self._views[name] for name in suites},
        }  # fmt: skip
        partial = self._folder / "batch.part"
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(self._folder / _BATCH_FILE)
        for batch in waiting(self._home)[:-KEPT_BATCHES]:
            _forget_unless_read(batch)

    def let_go(self) -> None:
        """Remove the folder unless it was handed over."""
        if not (self._folder / _BATCH_FILE).exists():
            shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """What a look's questions are asked of: DuckDB in memory, by the machine's settings."""
    import duckdb  # whoever only asks what waits does without

    machine = Settings()
    with duckdb.connect(":memory:", config={"threads": machine.threads, "memory_limit": machine.memory_limit}) as con:
        con.execute("set timezone = 'UTC'")
        yield con


@contextmanager
def look_tables(home: Home, look: str, con: duckdb.DuckDBPyConnection) -> Iterator[LookTables]:
    """The tables of a look; the caller holds the lock of the looks. Sweeps up what killed looks left."""
    if _folder(home).is_dir():
        for entry in _folder(home).iterdir():
            if entry.is_dir() and not (entry / _BATCH_FILE).exists():
                shutil.rmtree(entry, ignore_errors=True)
    opened = LookTables(home, look, con)
    try:
        yield opened
    finally:
        opened.let_go()


def waiting(home: Home) -> list[Path]:
    """Folders of the batches that wait, the oldest first."""
    folder = _folder(home)
    return sorted(path.parent for path in folder.glob(f"*/{_BATCH_FILE}")) if folder.is_dir() else []


def read_batch(folder: Path) -> Batch:
    """A batch that waits, with the suites as they lie there. Raises OSError, ValueError, KeyError or TypeError for a damaged one."""
    content: dict[str, Any] = json.loads((folder / _BATCH_FILE).read_bytes())
    suites = {name: json.loads((folder / "suites" / f"{name}.json").read_bytes()) for name in content["views"]}
    decided = {rule: Decided(*found) for rule, found in content["decided"].items()}
    report = Path(content["report"]) if content["report"] else None
    return Batch(folder, content["look"], datetime.fromisoformat(content["checked_at"]), content["views"], suites, decided, report)


@contextmanager
def being_read(folder: Path) -> Iterator[bool]:
    """Held while a batch is validated: nobody makes room with it meanwhile. False where it has gone."""
    try:
        file = (folder / _BATCH_FILE).open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield (folder / _BATCH_FILE).exists()


def _forget_unless_read(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError, BlockingIOError), (folder / _BATCH_FILE).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        forget(folder)


def forget(folder: Path) -> None:
    """Remove a batch that was validated."""
    (folder / _BATCH_FILE).unlink(missing_ok=True)  # first: half a folder is none that waits
    shutil.rmtree(folder, ignore_errors=True)


def is_waiting(home: Home, report: Path) -> bool:
    """Whether the look of a report still waits to be validated."""
    return any(_folder(home).glob(f"{report.parent.name}.*/{_BATCH_FILE}"))


def _folder(home: Home) -> Path:
    return home.run / "gates"
