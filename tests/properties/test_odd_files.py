"""Whatever a file holds, reading it never fails, and each of its lines ends as a row or as a reject with its reason.

`PARSTOCK_ODD_FILES` sets how many files are tried (default 1,500); a failing one is printed. `make soak` tries them for hours.
"""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worlds.odd_files import OddFile, check, odd_file

FILES = int(os.environ.get("PARSTOCK_ODD_FILES", "1500"))


@settings(
    max_examples=FILES,
    deadline=None,
    derandomize="PARSTOCK_ODD_FILES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.integers(0, 2**32).map(lambda seed: odd_file(Random(seed))))
def test_any_file_is_read_or_refused_line_by_line(odd: OddFile) -> None:
    check(odd)
