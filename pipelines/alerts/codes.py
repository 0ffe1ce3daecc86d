"""The list of alert codes, from `codes.csv`: what each is called in both languages, how severe it can be, what to do.

Belongs here: reading the list. Whatever raises, shows or explains alerts reads it from here; SQL has the same rows as
`ops.alert_codes`. Does not belong here: when an alert is raised (dbt: `ops.alerts_now`; `orchestration.sensors`).
"""

from __future__ import annotations

import csv
import dataclasses
import functools
from pathlib import Path
from typing import Final, Literal

Severity = Literal["critical", "warning", "info"]

CODES_FILE: Final = Path(__file__).with_name("codes.csv")
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "warning", "info")
"""The most severe first. info: nothing to do, for example because it is ordered already."""


@dataclasses.dataclass(frozen=True, slots=True)
class AlertCode:
    """One kind of alert. `severities` are those it can be raised with, the most severe first."""

    code: str
    severities: tuple[str, ...]
    names: dict[str, str]
    to_do: dict[str, str]
    """Both by language: `en`, `fr`."""


@functools.cache
def alert_codes() -> dict[str, AlertCode]:
    """Every kind of alert by its code, in the order in which lists show those of one severity.

    >>> alert_codes()["stockout"].names["fr"], alert_codes()["run_failed"].severities
    ('Rupture', ('critical',))
    """
    with CODES_FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["alert_code"]: AlertCode(
                code=row["alert_code"],
                severities=tuple(row["severities"].split()),
                names={"en": row["alert_name"], "fr": row["alert_name_fr"]},
                to_do={"en": row["to_do"], "fr": row["to_do_fr"]},
            )
            for row in csv.DictReader(file)
        }


def alert_name(code: str, language: str) -> str:
    """What an alert is called in a language; of a code that the list does not have (a later version's), the code."""
    known = alert_codes().get(code)
    return known.names[language] if known else code
