"""The list of kinds of sources. Adding one: a module that declares it, and a line here."""

from __future__ import annotations

from typing import Final

from pipelines.ingest.sources.files import LANDING
from pipelines.ingest.sources.source import Source, SourceKind
from pipelines.settings import Home, Settings

SOURCES: Final[tuple[SourceKind, ...]] = (LANDING,)
"""All kinds, in the order in which they are polled."""


def open_sources(home: Home, settings: Settings) -> list[Source]:
    """Every source that is set up for the home. Whoever runs them closes them."""
    return [kind.open(home, settings) for kind in SOURCES if kind.is_set_up(home, settings)]
