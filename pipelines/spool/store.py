"""The spool of one home: where its files are, and reading and writing them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Container, Iterator
from pathlib import Path

from pipelines.durable import PARTIAL_SUFFIX, remove_abandoned, write_bytes_whole
from pipelines.errors import UserError
from pipelines.spool.records import Delivery, Manifest


@dataclasses.dataclass(frozen=True, slots=True)
class Spool:
    """The folder `spool/` of a home. Many may read; each file is written once (a retry writes the same bytes).

    >>> Spool(Path("/srv/shop/spool")).segment_path("pos", "ab.parquet").as_posix()
    '/srv/shop/spool/segments/pos/ab.parquet'
    """

    root: Path

    @property
    def deliveries(self) -> Path:
        """One JSON file a delivery."""
        return self.root / "deliveries"

    @property
    def manifests(self) -> Path:
        """One JSON file a parsed unit; the owner polls this folder."""
        return self.root / "manifests"

    @property
    def decisions(self) -> Path:
        """One JSON file a batch of decisions, which the owner alone writes."""
        return self.root / "decisions"

    def segment_path(self, feed: str, name: str) -> Path:
        """Where the segment called `name` in a manifest lies."""
        return self.root / "segments" / feed / name

    def rejects_path(self, name: str) -> Path:
        """Where the rejects called `name` in a manifest lie."""
        return self.root / "rejects" / name

    def make(self) -> Spool:
        """Make the folders; returns itself."""
        for folder in (self.deliveries, self.manifests, self.decisions, self.root / "segments", self.root / "rejects"):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def sweep(self) -> None:
        """Remove half-written files whose writer is dead."""
        segments = self.root / "segments"
        kinds = (path for path in segments.glob("*") if path.is_dir())
        for folder in (self.deliveries, self.manifests, self.decisions, self.root / "rejects", segments, *kinds):
            remove_abandoned(folder)

    # ---- writing -------------------------------------------------------------------------------------------

    def write_delivery(self, delivery: Delivery) -> Delivery:
        """Write a delivery once: when one of its id is there already, that one stands and is returned."""
        path = self.deliveries / f"{delivery.delivery_id}.json"
        if path.exists():
            return self.read_delivery(delivery.delivery_id)
        write_bytes_whole(path, delivery.to_json())
        return delivery

    def write_manifest(self, manifest: Manifest) -> None:
        """Write a manifest: from now on the unit counts as parsed."""
        write_bytes_whole(self.manifests / f"{manifest.unit_id}.json", manifest.to_json())

    def write_decisions(self, batch_id: str, content: bytes) -> None:
        """Write a batch of decisions: from now on they were taken."""
        write_bytes_whole(self.decisions / f"{batch_id}.json", content)

    # ---- reading -------------------------------------------------------------------------------------------

    def read_delivery(self, delivery_id: str) -> Delivery:
        """The delivery of this id; FileNotFoundError when there is none, UserError when its file is damaged."""
        path = self.deliveries / f"{delivery_id}.json"
        try:
            return Delivery.from_json(path.read_bytes())
        except (ValueError, TypeError) as error:
            raise _damaged(path, error) from error

    def read_deliveries(self) -> Iterator[Delivery]:
        """All deliveries, in the order of their ids."""
        for delivery_id in self.delivery_ids():
            yield self.read_delivery(delivery_id)

    def delivery_ids(self) -> list[str]:
        """Ids of all deliveries, sorted."""
        return sorted(_names(self.deliveries))

    def read_manifest(self, unit_id: str) -> Manifest:
        """The manifest of this unit; FileNotFoundError when there is none, UserError when its file is damaged."""
        path = self.manifests / f"{unit_id}.json"
        try:
            return Manifest.from_json(path.read_bytes())
        except (ValueError, TypeError) as error:
            raise _damaged(path, error) from error

    def has_manifest(self, unit_id: str) -> bool:
        """Whether the unit has been parsed."""
        return (self.manifests / f"{unit_id}.json").exists()

    def manifest_ids(self) -> set[str]:
        """Ids of all parsed units."""
        return set(_names(self.manifests))

    def new_manifests(self, known: Container[str] = frozenset()) -> Iterator[Manifest]:
        """Manifests whose unit id is not in `known`, in the order of their ids."""
        for unit_id in sorted(name for name in _names(self.manifests) if name not in known):
            yield self.read_manifest(unit_id)

    def decision_batches(self) -> set[str]:
        """Ids of all batches of decisions."""
        return set(_names(self.decisions))

    def read_decisions(self, batch_id: str) -> bytes:
        """A batch of decisions as written; FileNotFoundError when there is none."""
        return (self.decisions / f"{batch_id}.json").read_bytes()


def _names(folder: Path) -> Iterator[str]:
    """Names of the finished JSON files of a folder, without `.json`; nothing when there is no such folder."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith(".") and not entry.name.endswith(PARTIAL_SUFFIX):
                yield entry.name.removesuffix(".json")


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"a record of the spool cannot be read: {error}", where=str(path), next_step="restore the file from a backup of spool/", exit_code=3
    )
