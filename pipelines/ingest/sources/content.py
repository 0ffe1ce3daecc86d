"""A file's bytes as the content of a unit."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from pipelines.ingest.blocks import FileRefused, open_regular
from pipelines.ingest.unit import ContentChanged


@dataclasses.dataclass(frozen=True, slots=True)
class FileContent:
    """A file as it was surveyed: `size` in bytes and `mtime_ns` are the marks by which a change shows."""

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: str) -> Self:
        """The file as it lies there now."""
        status = Path(path).stat()
        return cls(path, status.st_size, status.st_mtime_ns)

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file, checked before and after it is read; see `Content.open`."""
        try:
            file = open_regular(self.path)
        except FileRefused as refused:
            raise ContentChanged from refused
        with file:
            self._check(file)
            yield file
            self._check(file)

    def _check(self, file: BinaryIO) -> None:
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.size, self.mtime_ns):
            raise ContentChanged
