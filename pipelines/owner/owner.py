"""The owner: the one process that writes the warehouse, and what it does in turn.

Belongs here: the loop (apply, take results, flush, publish), the lock, and answering other processes. Does not belong
here: how each of these is done.

It never opens its own database file a second time: closing any descriptor of it would drop the engine's lock.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, Final, Self

from pipelines.errors import UserError
from pipelines.ledger import files as ledger
from pipelines.ledger import results
from pipelines.ledger.hashing import hash_text
from pipelines.ledger.instants import micros, system_clock
from pipelines.marts.build_files import MartsBuild, latest_build, latest_build_name
from pipelines.meeting import Door
from pipelines.owner.apply.apply import Applied, Applier
from pipelines.owner.client import OwnerGone
from pipelines.owner.desk import Desk
from pipelines.owner.midnights import next_midnight
from pipelines.owner.pending import Pending
from pipelines.owner.schema import open_warehouse
from pipelines.publish.retention import retain
from pipelines.publish.snapshot import Publication, Publisher, next_version
from pipelines.settings import Home, Settings
from pipelines.spool import Spool
from pipelines.spool.records import instant_text

IDLE_SECONDS: Final = 1.0
"""A round that finds nothing to do is followed by the next one after this, unless something comes."""

_LOOK_SECONDS: Final = 0.05

FLUSH_ROWS: Final = 50_000
"""A tail of this many rows is flushed at once: a publication carries the tail as a table."""

Clock = Callable[[], datetime]


class HomeIsOwned(UserError):
    """Another process has the home's lock."""


class HomeLock:
    """The right to write a home's warehouse; held by one process, told to the others who holds it."""

    def __init__(self, home: Home) -> None:
        home.run.mkdir(parents=True, exist_ok=True)
        self._path = home.run / "owner.lock"
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise HomeIsOwned(
                "another process owns this home", where=f"{self._path} (process {holder})", next_step="parstock doctor", exit_code=3
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let the next one have it."""
        self._file.close()


class Owner:
    """Owns a home's warehouse from `start()` to `stop()`; its thread alone touches the database."""

    def __init__(
        self, home: Home, *, clock: Clock = system_clock, settings: Settings | None = None, publish_seconds: float = 0.25, flush_seconds: float = 5.0,
        on_applied: Callable[[Applied], None] | None = None,
    ) -> None:  # fmt: skip
        self.home = home
        self._clock = clock
        self._settings = settings or Settings()
        self._publish_seconds, self._flush_seconds = publish_seconds, flush_seconds
        self._on_applied = on_applied
        self._asked: queue.Queue[tuple[str, dict[str, Any], Future[Any]]] = queue.Queue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None
        self._failure: BaseException | None = None
        self._ready = threading.Event()

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Take the lock, open the warehouse, and begin to work. Raises UserError when another process has it."""
        self._lock = HomeLock(self.home.make())
        self._thread = threading.Thread(target=self._run, name="owner", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._lock.release()
            raise self._failure
        self._server = _Server(self)
        return self

    def stop(self) -> None:
        """Finish what is in hand, flush, publish, let go."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._server is not None:
            self._server.close()
        self._lock.release()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, question: str, **details: Any) -> Any:
        """Have the owner's thread do something (`status`, `inventory`, `flush`, `publish`, `drain`, `decide`, `approvals`) and wait for the answer."""
        if self._failure is not None:
            raise self._failure
        answer: Future[Any] = Future()
        self._asked.put((question, details, answer))
        while True:
            try:
                return answer.result(timeout=0.5)
            except TimeoutError:
                if self._thread is None or not self._thread.is_alive():
                    raise _stopped(self._failure) from None

    # --- work (owner's thread) ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            current = ledger.read_current(self.home)
            self._con = open_warehouse(
                self.home.warehouse_file, threads=self._settings.threads, memory_limit=self._settings.memory_limit,
                generation=current.generation + 1 if current else 1,
            )  # fmt: skip
            self._spool = Spool(self.home.spool).make()
            self._applier = Applier(self._con, self._spool, self.home.ledger, self._clock)
            self._desk = Desk(self._con, self._spool)
            self._publisher = Publisher(self.home)
            self._build: MartsBuild | None = None
            is_ours = current is not None and current.generation == ledger.generation_of(self._con)
            self._flushed = current.commit_id if current is not None and is_ours else -1
            self._pending, self._threads = Pending(self._spool), self._settings.threads
            self._published: tuple[int, str] | None = None
            self._published_until: datetime | None = None  # from then on it is another day somewhere
            self._last_publish = self._last_flush = self._last_retention = 0.0
            if self._flushed != self._applier.commit_id:
                self._flush()
        except BaseException as error:
            self._failure = error
            self._ready.set()
            return
        self._ready.set()
        try:
            while not self._stopping.is_set():
                if not self._turn():
                    self._wait()
            while self._apply():
                pass
            self._flush()
            self._publish(force=True)
        except BaseException as error:
            self._failure = error
        finally:
            self._publisher.close()
            self._con.close()
            while not self._asked.empty():
                self._asked.get()[2].set_exception(_stopped(self._failure))

    def _turn(self) -> bool:
        """One round; true when something was done that may have more behind it."""
        self._seen = self._folder_times()
        did = self._apply(may_gather=True)
        did = self._take_results() or did
        now = time.monotonic()
        is_due = now - self._last_flush >= self._flush_seconds
        is_allowed = now - self._last_flush >= self._publish_seconds
        if self._applier.commit_id > self._flushed and (is_due or (is_allowed and self._must_flush())):
            self._flush()
        if now - self._last_publish >= self._publish_seconds:
            self._publish()
        return did

    def _is_settled(self) -> bool:
        """Whether nothing waits for its time: all that came is applied, in files and published."""
        commit_id = self._applier.commit_id
        is_shown = self._build is None or self._published == (commit_id, self._build.name)
        return self._flushed == commit_id and is_shown and not self._pending.is_waiting

    def _folder_times(self) -> list[int]:
        """When the folders that others write to were changed last: dear to list twenty times a second, cheap to ask."""
        folders = (self._spool.manifests, self._spool.decisions, *(self.home.spool / kind for kind in results.RESULTS), self.home.marts)
        return [folder.stat().st_mtime_ns if folder.exists() else 0 for folder in folders]

    def _fits(self, build: MartsBuild) -> bool:
        """Whether a build was made on this ledger, and not on one before a rebuild."""
        rows = self._con.execute("select hash_a, hash_b from commits where commit_id = ?", [build.commit_id]).fetchall()
        return bool(rows) and hash_text(*rows[0]) == build.ledger_hash

    def _must_flush(self) -> bool:
        return ledger.tail_rows(self._con, self._flushed) >= FLUSH_ROWS or ledger.has_unlisted(self._con, self._flushed)

    def _wait(self) -> None:
        """Until somebody asks, a folder changes or something is due; a round is made once a second in any case."""
        until = time.monotonic() + (IDLE_SECONDS if self._is_settled() else 0.0)
        while True:
            try:
                question, details, answer = self._asked.get(timeout=_LOOK_SECONDS)
                break
            except queue.Empty:
                if self._stopping.is_set() or time.monotonic() >= until or self._folder_times() != self._seen:
                    return
        try:
            answer.set_result(self._answer(question, details))
        except BaseException as error:
            answer.set_exception(error)
            if not isinstance(error, Exception):
                raise

    def _answer(self, question: str, details: dict[str, Any]) -> Any:
        if question == "drain":
            while self._apply() or self._take_results():
                pass
            return self._applier.commit_id
        if question == "flush":
            while self._apply() or self._take_results():
                pass
            self._flush()
            return self._flushed
        if question == "publish":
            while self._apply() or self._take_results():
                pass
            self._flush()
            self._publish(force=True)
            return self._published is not None
        if question == "decide":
            return self._decide(details)
        if question == "approvals":
            return self._applier.for_approval()
        if question == "status":
            at = ledger.standing(self._con)
            return {
                "pid": os.getpid(), "commit_id": at.commit_id, "ledger_hash": at.ledger_hash, "newest_known_at": at.newest_known_at,
                "flushed_commit_id": self._flushed, "pending_units": self._pending.count(self._applier.applied),
                "waiting_rows": self._con.execute("select count(*) from waiting").fetchall()[0][0],
            }  # fmt: skip
        if question == "inventory":
            at = ledger.standing(self._con)
            return {
                "commit_id": at.commit_id,
                "ledger_hash": at.ledger_hash,
                "units": sorted(self._applier.applied),
                "decisions": self._desk.batches(),
            }
        raise UserError(f"the owner does not know {question!r}")

    def _decide(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Take a batch of decisions, and answer when they are written and done: the decisions as they stand."""
        while self._apply() or self._take_results():
            pass
        made = self._desk.receive(request, decided_at=instant_text(self._clock()), check=self._applier.check)
        while self._apply():
            pass
        return [dataclasses.asdict(one) for one in made]

    def _apply(self, *, may_gather: bool = False) -> bool:
        batch = self._pending.next(self._applier.applied, may_grow=may_gather)
        self._use_threads(1 if batch.is_growing else self._settings.threads)
        manifests, decided = batch.manifests, [] if self._pending.is_waiting and not batch.manifests else self._desk.pending()
        if decided:  # in their turn: after what was known before, and before what was not
            manifests = [m for m in manifests if micros(m.known_at) <= micros(decided[0].decided_at)]
            decided = [] if manifests else decided
        applied = self._applier.apply(manifests, decided)
        if applied is None:
            return False
        self._desk.taken(decided)
        if self._on_applied is not None:
            self._on_applied(applied)
        return True

    def _use_threads(self, count: int) -> None:
        """Have the engine work on so many; what is parsed meanwhile, mostly in this process, needs the others."""
        if count != self._threads:
            self._con.execute(f"set threads = {count}")
            self._threads = count

    def _take_results(self) -> bool:
        runs = results.waiting_runs(self._con, self.home)
        for kind, run_id in runs:
            results.take(self._con, self.home, kind, run_id, micros(self._clock()))
        return bool(runs)

    def _flush(self) -> None:
        version = ledger.flush(self._con, self.home, self._clock())
        self._flushed = version.commit_id
        self._last_flush = time.monotonic()

    def _publish(self, *, force: bool = False) -> None:
        if self._build is None or self._build.name != latest_build_name(self.home):
            newest = latest_build(self.home)
            if newest is not None and self._fits(newest):
                self._build = newest
        if self._build is None:
            return
        at = ledger.standing(self._con)
        now = self._clock()
        is_of_today = self._published_until is None or now < self._published_until
        if not force and self._published == (at.commit_id, self._build.name) and is_of_today:
            return
        current = ledger.read_current(self.home)
        assert current is not None  # flushed at the start
        if self._must_flush():
            self._flush()
            current = ledger.read_current(self.home)
            assert current is not None
        self._publisher.publish(
            version=next_version(self.home), ledger=json.loads(current.to_json()), tail=ledger.tail(self._con, current.commit_id), marts=self._build,
            publication=Publication(
                published_at=now, newest_known_at=_instant(at.newest_known_at), newest_occurred_at=_instant(at.newest_occurred_at),
                commit_id=at.commit_id, ledger_hash=at.ledger_hash,
            ),
        )  # fmt: skip
        self._published = (at.commit_id, self._build.name)
        zones = self._con.execute("select distinct time_zone from code_locations").fetchall()
        self._published_until = next_midnight(now, (zone for (zone,) in zones))
        self._last_publish = time.monotonic()
        if self._last_publish - self._last_retention > 60:
            retain(self.home, now=self._clock())
            self._last_retention = self._last_publish


def _stopped(failure: BaseException | None) -> BaseException:
    return failure if failure is not None else OwnerGone()


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class _Server:
    """Answers other processes of this machine, in JSON."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._door = Door(owner.home, "owner")
        threading.Thread(target=self._accept, name="owner-server", daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        while (connection := self._door.accept()) is not None:
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        try:
            while True:
                asked = json.loads(connection.recv_bytes())
                try:
                    answer = {"answer": self._owner.ask(asked["question"], **asked.get("details", {}))}
                except OwnerGone:
                    answer = {"gone": True}
                except Exception as error:
                    answer = {"error": str(error), "exit_code": getattr(error, "exit_code", 3)}
                connection.send_bytes(json.dumps(answer).encode())
        except (EOFError, OSError):
            connection.close()
