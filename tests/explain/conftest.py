"""One home with the world in it, and what planning itself says of it, for all tests of the chain."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.explain.chain import Explanation
from pipelines.explain.facts import Facts
from pipelines.explain.read import read_from
from pipelines.publish.reader import open_published, run_sql
from pipelines.settings import Home
from tests.worlds.chain import AS_OF, PLACES, write_world

SEED = random.randrange(10**6)
WORLD_SEED = 1


@pytest.fixture(scope="session")
def seed() -> int:
    """Of what is drawn from the world; printed, so that a failure can be looked into again."""
    print(f"seed {SEED}")
    return SEED


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after `parstock run` on the world; nothing changes it."""
    from pipelines.cli.main import call

    folder = tmp_path_factory.mktemp("explain")
    landing = write_world(folder / "landing", WORLD_SEED)
    home = Home(folder / "home")
    assert call(["run", "--home", str(home.root), "--from", str(landing), "--as-of", AS_OF, "--json"]) == 0
    return home


@pytest.fixture(scope="session")
def landing(world: Home) -> Path:
    return world.root.parent / "landing"


@pytest.fixture(scope="session")
def planned(world: Home) -> dict[tuple[str, str], dict[str, Any]]:
    """(item, place) to every term of planning's own frame, planned again from the published file."""
    from pipelines.planning.inputs import read
    from pipelines.planning.policy import plan
    from pipelines.planning.rules import policy_from_tables

    as_of = datetime.fromisoformat(AS_OF)
    snapshot = read(world.published_file.resolve(), as_of)
    items = plan(snapshot.inputs, policy_from_tables(snapshot.policy_tables, as_of.date()), as_of.date()).items
    return {(row["item_code"], row["location_code"]): row for row in items.iter_rows(named=True)}


@pytest.fixture(scope="session")
def chains(world: Home, seed: int, planned: dict[tuple[str, str], dict[str, Any]]) -> list[Explanation]:
    """The chains of 200 random item-places, planned or not, and of one with each decision, however rare it is."""
    codes = [row[0] for row in run_sql(world, "select item_code from core.dim_item order by 1").rows]
    pairs = [(item, place) for item in codes for place in PLACES]
    drawn = random.Random(seed).sample(pairs, 200)
    drawn += {row["decision"]: key for key, row in sorted(planned.items())}.values()
    with open_published(world) as con:  # as `explain` does it, in one connection
        return [Explanation(read_from(con, world, item, place)) for item, place in drawn]


def key_of(facts: Facts) -> tuple[str, str]:
    return facts.item["item_code"], facts.location["location_code"]


def first_with(chains: list[Explanation], decision: str) -> Explanation:
    """The first chain with a decision; the world is made so that there is one."""
    return next(one for one in chains if one.decision == decision)
