"""Where exports lie, and how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.exports.files import exported_versions, keep_newest, point_to, version_folder, whole
from pipelines.exports.write import export_proposals, write_brief
from pipelines.settings import Home
from tests.worlds.published_home import PublishedHome


def test_the_newest_twenty_publications_are_kept_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    for version in range(1, 26):
        version_folder(home, version).mkdir()
    (home.exports / "notes").mkdir()
    assert keep_newest(home) == [1, 2, 3, 4, 5]
    assert exported_versions(home) == list(range(6, 26))
    assert (home.exports / "notes").is_dir()


def test_latest_points_forward_only(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    for version in (3, 5, 4):
        version_folder(home, version).mkdir()
        point_to(home, version)
    assert (home.exports / "latest").readlink() == Path("0000000005")


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "orders.csv"
    target.write_text("before")

    def fails_halfway() -> None:
        with whole(target) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_halfway()
    assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]
    assert target.read_text() == "before"


def test_all_files_of_a_publication_lie_in_its_folder(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned()
    export_proposals(home.home)
    write_brief(home.home, language="fr")
    folder = tmp_path / "exports" / "latest"
    assert sorted(path.name for path in folder.iterdir()) == [
        "brief.fr.html",
        "brief.fr.md",
        "reorder_proposals.csv",
        "reorder_proposals.xlsx",
    ]


def test_another_folder_gets_the_files_and_the_home_stays_as_it_was(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path / "home").planned()
    workbook, table = export_proposals(home.home, tmp_path / "out")
    assert {workbook.parent, table.parent} == {tmp_path / "out"}
    assert list(home.home.exports.iterdir()) == []


def test_a_home_that_never_published_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing has been published") as raised:
        write_brief(Home(tmp_path))
    assert raised.value.exit_code == 2


def test_a_language_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--lang en or --lang fr"):
        export_proposals(PublishedHome(tmp_path).home, language="de")
