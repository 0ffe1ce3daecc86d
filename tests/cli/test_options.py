"""A home may be named relatively: what is written down of it holds wherever it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.cli.options import home_at
from pipelines.cli.output import shown


def test_a_relative_home_is_the_one_below_where_the_command_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = home_at(Path("shop"))
    assert home.published_file == tmp_path / "shop" / "published" / "parstock.duckdb"
    assert shown(home.published_file) == "shop/published/parstock.duckdb"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert shown(home.published_file) == str(tmp_path / "shop" / "published" / "parstock.duckdb")
