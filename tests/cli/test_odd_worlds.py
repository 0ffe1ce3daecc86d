"""Whatever ingest takes can be built, planned, exported, told and explained; no row is lost on the way.

`PARSTOCK_ODD_WORLDS` sets how many worlds are tried (default 1). `make soak` tries hundreds.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.worlds.odd_worlds import walk

WORLDS = int(os.environ.get("PARSTOCK_ODD_WORLDS", "1"))


@pytest.mark.parametrize("seed", range(1, WORLDS + 1))
def test_whatever_is_taken_reaches_people(seed: int, tmp_path: Path) -> None:
    assert walk(tmp_path, seed) == []
