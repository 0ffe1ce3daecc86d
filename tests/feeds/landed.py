"""One file or a few lines through the parse stage, without Beam: what the tests of feeds and ingest stand on."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.sources.files import landing_of
from pipelines.settings import Home, Settings
from pipelines.spool import Delivery, Manifest, Spool

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLES: Final = ROOT / "data" / "samples"
AS_OF: Final = datetime(2026, 3, 9, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Landed:
    """What the spool holds after a pass."""

    spool: Spool

    @property
    def manifests(self) -> list[Manifest]:
        """All manifests, by path and line."""
        return sorted(self.spool.new_manifests(), key=lambda one: (one.source_uri, one.first_line))

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries, by path."""
        return sorted(self.spool.read_deliveries(), key=lambda one: one.source_uri)

    def events(self) -> pl.DataFrame:
        """Rows of all segments."""
        frames = [_texts(pl.read_parquet(self.spool.segment_path(one.feed, one.segment))) for one in self.manifests if one.segment]
        return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()

    def rejects(self) -> pl.DataFrame:
        """Rejects of all units."""
        frames = [pl.read_parquet(self.spool.rejects_path(one.rejects)) for one in self.manifests if one.rejects]
        return (
            pl.concat(frames)
            if frames
            else pl.DataFrame(schema={"line_no": pl.UInt32, "reason_code": pl.String, "reason": pl.String, "payload": pl.String})
        )


def _texts(segment: pl.DataFrame) -> pl.DataFrame:
    """Texts that are one word throughout are written as that word once; who reads a segment with the engine gets text."""
    return segment.with_columns(pl.col(name).cast(pl.String) for name, kind in segment.schema.items() if isinstance(kind, pl.Enum))


def land(home: Path, root: Path, **settings: object) -> Landed:
    """Take everything under `root` into the home."""
    made = Home(home).make()
    quick = Settings(**{"settle_seconds": 0, **settings})  # type: ignore[arg-type]
    ingest_batch(made, [landing_of(made, quick, root)], clock=AS_OF, engine="direct", settings=quick)
    return Landed(Spool(made.spool))


def mapping_of_sample(path: Path) -> Path | None:
    """The mapping that lies beside a sample, if one does."""
    beside = path.with_name("mapping.toml")
    return beside if beside.exists() else None


def land_file(tmp_path: Path, uri: str, content: bytes | str, **settings: object) -> Landed:
    """Take one file, `uri` being its path under the landing root, into a home under `tmp_path`."""
    path = tmp_path / "landing" / uri
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return land(tmp_path / "home", tmp_path / "landing", **settings)
