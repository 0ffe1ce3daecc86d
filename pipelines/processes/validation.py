"""Great Expectations over what the gates looked at: `python -m pipelines.processes.validation HOME [--wait]`.

Belongs here: its turn, report by report, and the alert where the library does not find what the gate decided. Does not
belong here: deciding (`pipelines.quality`: a gate never waits for this), starting it (`pipelines.quality.validating`).

One process a home, niced, that ends by itself when nothing waits any more. A batch is forgotten when all of it is done:
one that was killed in the middle is validated again by the next.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.alerts.codes import Severity
from pipelines.alerts.watch import raise_alert, resolve_alert
from pipelines.failpoints import failpoint
from pipelines.quality.batch import Batch, Decided, being_read, forget, read_batch, waiting
from pipelines.quality.looks import make_room_for_report
from pipelines.quality.validating import validation_lock
from pipelines.settings import Home

if TYPE_CHECKING:
    from pipelines.quality._gx import Answer

log = logging.getLogger("parstock.validation")

ALERT: Final = "gate_disagrees"
SEVERITY: Final[Severity] = "warning"
_NICENESS: Final = 19


def validate_waiting(home: Home, *, wait: bool = False) -> int:
    """Validate all that waits, and what comes meanwhile; returns how many batches. Another process at work does it instead.

    `wait`: let the other one finish first, and return when nothing waits.
    """
    done = 0
    # Asked again after the lock is let go: whoever handed over meanwhile saw it held, and started nobody.
    while waiting(home):
        with validation_lock(home, wait=wait) as is_ours:
            if not is_ours:
                return done
            for folder in waiting(home):
                with being_read(folder) as is_there:
                    if is_there:
                        _take(home, folder)
                        done += 1
    return done


def _take(home: Home, folder: Path) -> None:
    """Validate one batch that waits, and forget it; one that cannot be read is forgotten."""
    try:
        batch = read_batch(folder)
    except (OSError, ValueError, KeyError, TypeError):
        log.exception("%s cannot be read and is left out", folder)
    else:
        _validate(home, batch)
    forget(folder)


def _validate(home: Home, batch: Batch) -> None:
    """One batch: the library's answers, its report, an alert where they differ or where the library failed."""
    from pipelines.quality import _gx

    answers: dict[str, Answer] = {}
    fault = "it gave no answer"
    try:
        with _gx.validated(batch.views, batch.suites, run_at=batch.checked_at) as validation:
            if batch.report is not None:
                make_room_for_report(home)
                validation.write_report(batch.report.parent)
            answers = validation.answers()
    except Exception as error:
        log.exception("Great Expectations could not validate %s", batch.look)
        fault = f"{type(error).__name__}: {error}".splitlines()[0]
    for gate in sorted({one.gate for one in batch.decided.values()}):
        decided = {rule: one for rule, one in batch.decided.items() if one.gate == gate}
        _tell(home, batch, gate, differences(decided, answers, fault=fault))
    failpoint("before_batch_forgotten")
    log.info("validated %s: %d rules", batch.look, len(batch.decided))


def differences(decided: Mapping[str, Decided], answers: Mapping[str, Answer], *, fault: str = "it gave no answer") -> dict[str, str]:
    """In words, by rule: where the library found something else than the gate decided; `fault` is said of rules without an answer."""
    return {rule: said for rule, one in decided.items() if (said := _difference(one, answers.get(rule), fault))}


def _difference(decided: Decided, answer: Answer | None, fault: str) -> str | None:
    if answer is None or answer.fault:
        return f"Great Expectations could not evaluate it: {answer.fault if answer else fault}"
    checked = decided.rows_checked if answer.rows_checked is None else answer.rows_checked
    if (answer.is_met, checked, answer.rows_failed) == (decided.is_met, decided.rows_checked, decided.rows_failed):
        return None
    theirs = _in_words(answer.is_met, answer.rows_failed, checked)
    return f"Great Expectations finds it {theirs}, the gate {_in_words(decided.is_met, decided.rows_failed, decided.rows_checked)}"


def _in_words(is_met: bool, failed: int, checked: int) -> str:
    return f"{'met' if is_met else 'not met'} ({failed:,} of {checked:,} rows break it)"


def _tell(home: Home, batch: Batch, gate: str, found: Mapping[str, str]) -> None:
    """Open the gate's alert, or resolve it when both found the same again. The owner publishes it when it has time."""
    if not found:
        resolve_alert(home, code=ALERT, subject=gate, clock=lambda: batch.checked_at)
        return
    rule, said = next(iter(found.items()))
    more = f", and {len(found) - 1} more rules differ" if len(found) > 1 else ""
    log.warning("%s: %s: %s%s", batch.look, rule, said, more)
    raise_alert(
        home, code=ALERT, subject=gate, severity=SEVERITY, what=f"{rule}: {said}{more}",
        figures={"look": batch.look, "rules": dict(found), "report": str(batch.report) if batch.report else None},
        clock=lambda: batch.checked_at,
    )  # fmt: skip


def main() -> None:
    """The process's own end."""
    os.nice(_NICENESS)
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s %(process)d  %(message)s")
    logging.getLogger("parstock").setLevel(logging.INFO)
    validate_waiting(Home(Path(sys.argv[1])), wait="--wait" in sys.argv[2:])
    sys.stdout.flush()
    os._exit(0)  # the library's engines take a while to fall apart, and nobody needs what they hold


if __name__ == "__main__":
    main()
