"""Events as lines of files: JSON Lines and CSV, made column by column.

Belongs here: how a frame becomes text and a landing folder. Does not belong here: which events there are.
"""

from __future__ import annotations

import dataclasses
import datetime
import gzip
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulate.tickets import DAYS
from pipelines.simulate.world import DC, World

_FIRST = datetime.date(2017, 1, 1)
_DATES = pl.Series([(_FIRST + datetime.timedelta(days=day)).isoformat() for day in range(-1, DAYS + 60)])
_CLOCK = pl.Series([f"T{sec // 3600:02}:{sec // 60 % 60:02}:{sec % 60:02}" for sec in range(86400)])
SUMMER_FROM, SUMMER_UNTIL = 70 * 86400 + 2 * 3600, 308 * 86400 + 2 * 3600
"""Local seconds of 2017 between which summer time holds (12 March 02:00 to 5 November 02:00)."""


def stamp(sec: pl.Series, hours_behind: pl.Series | int = 5) -> pl.Series:
    """ISO 8601 with the offset of a place that is `hours_behind` UTC in winter; `sec` counts local seconds of 2017."""
    behind = hours_behind if isinstance(hours_behind, pl.Series) else pl.repeat(hours_behind, len(sec), eager=True, dtype=pl.Int64)
    is_summer = ((sec >= SUMMER_FROM) & (sec < SUMMER_UNTIL)).cast(pl.Int64)
    offset = pl.Series(["", *(f"-0{hours}:00" for hours in range(1, 10))]).gather((behind - is_summer).cast(pl.UInt32))
    return clock(sec) + offset


def clock(sec: pl.Series) -> pl.Series:
    """Local date and time without a zone."""
    return date_text(sec // 86400) + _CLOCK.gather((sec % 86400).cast(pl.UInt32))


def date_text(day: pl.Series) -> pl.Series:
    """ISO date of a day number (0 is 1 January 2017)."""
    return _DATES.gather((day + 1).cast(pl.UInt32))


def month(sec: pl.Series) -> pl.Series:
    """`2017-04` of local seconds."""
    return date_text(sec // 86400).str.slice(0, 7)


def place_codes(world: World) -> pl.Series:
    """Location codes by place: 0 is the distribution centre, the shops follow."""
    return pl.Series([DC, *world.shop_codes])


def hours_behind(world: World, place: pl.Series) -> pl.Series:
    """Hours behind UTC in winter, by place."""
    hours = pl.Series([5, *(6 if zone == "America/Chicago" else 5 for zone in world.shop_zones)], dtype=pl.Int64)
    return hours.gather(place.cast(pl.UInt32))


def json_lines(frame: pl.DataFrame) -> pl.Series:
    """One JSON object a row; nulls are left out. Values need no escape: codes and numbers. The first column has no nulls."""
    pieces = []
    for position, (name, kind) in enumerate(frame.schema.items()):
        start = "{" if position == 0 else ","
        value = pl.col(name)
        if kind == pl.String:
            pieces.append(pl.concat_str(pl.lit(f'{start}"{name}":"'), value, pl.lit('"')))
        else:
            pieces.append(pl.concat_str(pl.lit(f'{start}"{name}":'), value.cast(pl.String)))
    return frame.select(pl.concat_str(*pieces, pl.lit("}"), ignore_nulls=True).alias("line"))["line"]


def csv_lines(frame: pl.DataFrame) -> tuple[str, pl.Series]:
    """Header, and one line a row; nulls are empty. Values need no quotes."""
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in frame.columns]
    return ",".join(frame.columns), frame.select(pl.concat_str(cells, separator=",").alias("line"))["line"]


@dataclasses.dataclass(slots=True)
class Landing:
    """The folder being written. `lines`: lines by feed; `files`, `bytes`: so far (decompressed bytes)."""

    root: Path
    lines: dict[str, int] = dataclasses.field(default_factory=dict)
    files: int = 0
    bytes: int = 0

    def write(self, path: str, lines: list[str], header: str | None = None, is_cut: bool = False) -> None:
        """Write one file at `path` (from the feed's folder on); `.gz` is compressed; `is_cut` leaves the last line without its end."""
        if not lines:
            return
        text = "\n".join([header, *lines] if header is not None else lines) + ("" if is_cut else "\n")
        data = text.encode()
        feed = path.split("/", 1)[0]
        self.lines[feed] = self.lines.get(feed, 0) + len(lines)
        self.files += 1
        self.bytes += len(data)
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # mtime and name stay out of the compressed file: same seed, same bytes
        target.write_bytes(gzip.compress(data, 1, mtime=0) if path.endswith(".gz") else data)

    def write_table(self, path: str, table: pl.DataFrame) -> None:
        """Write a reference table as CSV, quoted where a value needs it."""
        header, *lines = table.write_csv().splitlines()
        self.write(path, lines, header)

    def write_split(self, path: pl.Series, lines: pl.Series, header: str | None = None) -> None:
        """Write each line into the file that its row names, in the rows' order."""
        parts = pl.DataFrame({"path": path, "line": lines}).partition_by("path", maintain_order=True, as_dict=True)
        for (name,), part in parts.items():
            self.write(str(name), part["line"].to_list(), header)


def seconds(day: np.ndarray, hour: float, spread_hours: float, rng: np.random.Generator) -> np.ndarray:
    """Local seconds on a day: from `hour` on, at random within `spread_hours`."""
    return day.astype(np.int64) * 86400 + int(hour * 3600) + rng.integers(0, max(1, int(spread_hours * 3600)), len(day))
