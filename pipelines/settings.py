"""Where a home keeps its things, and the machine settings (`PARSTOCK_*`).

Belongs here: paths and machine settings, read when called. Does not belong here: planning policy
(service targets, buffers, calendars), which is data under `dbt_project/seeds/`.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pipelines.errors import UserError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"


def policy_folder(project: Path) -> Path:
    """Where the policy files lie: `PARSTOCK_POLICY_DIR`, taken from the dbt project as dbt takes it, else its seeds."""
    return project / (os.environ.get("PARSTOCK_POLICY_DIR") or "seeds")


@dataclasses.dataclass(frozen=True, init=False)
class Settings:
    """Machine settings; every field is read from `PARSTOCK_<NAME>` when the object is made, unless it is given.

    Raises UserError (exit code 2) for a value that is none of its kind.
    """

    home: Path = Path("data")
    threads: int = 2
    """Threads of the warehouse engine."""
    memory_limit: str = "2GB"
    """Memory limit of the warehouse engine, in DuckDB's notation."""
    parse_threads: int = 2
    """Work units parsed side by side in batch."""
    unit_bytes: int = 8 << 20
    """Size of a work unit; bigger plain files are cut into ranges of about this many bytes."""
    settle_seconds: float = 0.4
    """A file is taken when its size and mtime have been still for this long."""
    last_line: Literal["refuse", "whole"] = "refuse"
    """What becomes of the last line of a table without a mapping that has no line end; the commands have `--last-line`."""
    poll_seconds: float = 0.2
    """How often the standing stream looks at the landing folders."""
    customer_key_file: Path | None = None
    """Key of the customer pseudonym (HMAC-SHA-256); made in the home on first use when not given."""
    time_zone: str = "Europe/Paris"
    """Where the people are who read the plan and the brief: the schedules go by its clock."""
    country: str = "FR"
    """Whose public holidays are days without orders (ISO 3166); empty: Sundays only."""
    gx: Literal["wait", "later", "off"] = "later"
    """When Great Expectations validates what the gates looked at, and reports: `later` in a process of its own that nobody
    waits for, `wait` before the command ends, `off` never. What a gate decides does not depend on it."""
    build_process: Literal["on", "off"] = "on"
    """Whether commands build in a process of its own, which loads what it needs while the command reads its input."""
    build_process_seconds: float = 180.0
    """How long that process stays for the next command when nothing is asked of it; 0: it ends with the command."""
    scheduler: Literal["on", "off"] = "on"
    """Whether `parstock up` runs the schedules and their page."""
    scheduler_port: int = 3000
    """Port of the schedules' page on loopback; the next free one if it is taken."""
    as_of: str = ""
    """The instant that scheduled runs take for now (ISO 8601); empty is the present. The commands have `--as-of`."""

    def __init__(self, **given: Any) -> None:
        kinds = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = given.pop(field.name) if field.name in given else _from_environment(field.name, kinds[field.name], field.default)
            object.__setattr__(self, field.name, value)
        if given:
            raise TypeError(f"there is no setting {', '.join(given)}")


def _from_environment(name: str, kind: Any, default: Any) -> Any:
    """The value of a setting, by its kind: a number, a text, one of some words, a path or none."""
    variable = f"PARSTOCK_{name.upper()}"
    text = os.environ.get(variable)
    if text is None:
        return default
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    if choices and text in choices:
        return text
    try:
        if choices:
            raise ValueError
        if kind in (int, float, str, Path):
            return kind(text)
        return Path(text) if text else None
    except ValueError:
        wanted = " or ".join(choices) or {int: "a whole number", float: "a number"}.get(kind, "a path")
        raise UserError(f"{variable} is {text!r}", next_step=f"{variable} takes {wanted}", exit_code=2) from None


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """The folders of one home. Two homes never touch each other.

    >>> Home(Path("/srv/shop")).published_file.as_posix()
    '/srv/shop/published/parstock.duckdb'
    """

    root: Path

    @property
    def landing(self) -> Path:
        """Drop files here: `landing/<feed>/…`; parstock never changes what lies in it."""
        return self.root / "landing"

    @property
    def spool(self) -> Path:
        """Deliveries, segments, manifests and plans: everything the warehouse can be rebuilt from."""
        return self.root / "spool"

    @property
    def ledger(self) -> Path:
        """Immutable Parquet of what happened, and `current.json`, which lists it."""
        return self.root / "ledger"

    @property
    def marts(self) -> Path:
        """One folder a finished dbt build."""
        return self.root / "marts"

    @property
    def warehouse(self) -> Path:
        """`warehouse.duckdb` (the owner's) and `marts.duckdb` (dbt's)."""
        return self.root / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        """The owner's database; no other process opens it."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def marts_file(self) -> Path:
        """The database of dbt."""
        return self.warehouse / "marts.duckdb"

    @property
    def published(self) -> Path:
        """The snapshots that everyone reads."""
        return self.root / "published"

    @property
    def published_file(self) -> Path:
        """A symlink to the current snapshot."""
        return self.published / "parstock.duckdb"

    @property
    def exports(self) -> Path:
        """Files for people and other systems."""
        return self.root / "exports"

    @property
    def backups(self) -> Path:
        """One folder a backup, unless it goes elsewhere."""
        return self.root / "backups"

    @property
    def run(self) -> Path:
        """Locks, sockets, logs, dbt's target: whatever a running process needs and nobody reads."""
        return self.root / "run"

    def make(self) -> Home:
        """Make the folders (not their content); returns itself."""
        for folder in (self.landing, self.spool, self.ledger, self.marts, self.warehouse, self.published, self.exports, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        return self
