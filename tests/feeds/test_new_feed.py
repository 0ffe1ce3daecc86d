"""A feed is a module and a line: one that is added to a copy of the package goes from its file to the ledger."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

MODULE = '''"""Vending machines, for this test alone."""

from datetime import timedelta

from pipelines.feeds.spec import Feed, Kind

KIOSK = Feed(
    name="kiosk",
    title="vending machines: sales",
    kinds=(Kind("sale"), Kind("order_placed", required=("document_id", "document_line"), optional=("location_code",), defaults=(("document_kind", "so"),))),
    required=("event_kind", "location_code", "document_id", "document_line", "occurred_at", "item_code", "quantity"),
    natural_key=("document_id", "document_line", "event_kind"),
    lateness=timedelta(hours=6),
    defaults=(("channel_code", "web"),),
    names_its_day=True,
    orders_find_their_place=True,
)
'''

SCRIPT = """
import sys
from pathlib import Path
from tests.worlds.small_home import SmallHome
import pipelines
assert Path(pipelines.__file__).is_relative_to(sys.argv[1]), pipelines.__file__
home = SmallHome(Path(sys.argv[2]))
home.deliver(**{"kiosk/1.jsonl": Path(sys.argv[3]).read_text(encoding="utf-8")})
import json
print(json.dumps({
    "counted": home.counted("kiosk/1.jsonl"),
    "movements": home.rows("select source_feed, movement_kind, business_on::VARCHAR, count(*), sum(units)::BIGINT from movements group by all"),
    "orders": home.rows("select feed, l.location_code from events e join locations l using (location_id) where event_kind = 'order_placed'"),
}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one module and one line more."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "pipelines", root / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pipelines" / "feeds" / "declared" / "kiosk.py").write_text(MODULE, encoding="utf-8")
    registry = root / "pipelines" / "feeds" / "registry.py"
    text = registry.read_text(encoding="utf-8")
    line = "    *(POS, WMS, MARKETPLACE, RFID, SUPPLY),\n"
    assert line in text
    registry.write_text(
        text.replace(line, f"{line}    KIOSK,\n").replace(
            "FEEDS: Final[", "from pipelines.feeds.declared.kiosk import KIOSK\n\nFEEDS: Final[", 1
        ),
        encoding="utf-8",
    )
    return root


def _taken(package: Path, folder: Path, lines: list[dict[str, Any]]) -> Any:
    """What the ledger has of the lines, taken in by the copy."""
    sent = folder / "kiosk.jsonl"
    sent.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(package), str(folder), str(sent)], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def _sale(number: int) -> dict[str, Any]:
    return {
        "event_kind": "sale", "location_code": "PAR", "document_id": f"K{number}", "document_line": 1, "occurred_at": "2026-03-02T00:30:00",
        "business_on": "2026-03-01", "item_code": "TEE", "quantity": 2,
    }  # fmt: skip


def test_its_sales_move_stock_on_the_day_it_names_and_its_orders_find_their_place(package: Path, tmp_path: Path) -> None:
    order = {
        "event_kind": "order_placed", "document_id": "O1", "document_line": 1, "occurred_at": "2026-03-02T10:00:00", "item_code": "MUG", "quantity": 1,
    }  # fmt: skip
    assert _taken(package, tmp_path, [_sale(1), _sale(2), order]) == {
        "counted": [3, 3, 0, 0, 0],
        "movements": [["kiosk", "sale", "2026-03-01", 2, 4]],
        "orders": [["kiosk", "DC"]],
    }


def test_more_of_its_rows_than_a_batch_writes_one_by_one_are_taken_too(package: Path, tmp_path: Path) -> None:
    found = _taken(package, tmp_path, [_sale(number) for number in range(20_001)])
    assert found["counted"] == [20_001, 20_001, 0, 0, 0]
    assert found["movements"] == [["kiosk", "sale", "2026-03-01", 20_001, 40_002]]
