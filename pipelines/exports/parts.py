"""What a section of the brief is made of: cells, headings, tables.

Belongs here: the shapes that both templates read. Does not belong here: what stands in them (`sections`).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

Tone = Literal["", "bad", "warn", "good"]


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, a smaller line below it, and whether it is good or bad news."""

    text: str
    below: str = ""
    tone: Tone = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """A column's heading; a wide one is left out on a small screen, a number stands to the right, a code is never broken."""

    text: str
    is_number: bool = False
    is_wide: bool = False
    is_code: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; never without a row. `more` says where further rows are. Cards: on a small screen a row is one."""

    title: str
    heads: list[Head]
    rows: list[list[Cell]]
    more: str = ""
    is_cards: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of the brief. Charts are SVG, for the page alone."""

    code: str
    title: str
    sentences: list[str]
    tables: list[Table] = dataclasses.field(default_factory=list)
    charts: list[str] = dataclasses.field(default_factory=list)
