"""The chain as a whole: lines found, later news said, what is not there explained, nothing of a name gets out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from pipelines.cli.main import call
from pipelines.errors import UserError
from pipelines.explain.chain import Explanation, explain
from pipelines.explain.text import chain_text
from pipelines.settings import Home
from tests.worlds.chain import AT_SIGN, BUNDLE, EVIL, NEVER

from .conftest import first_with

pytestmark = pytest.mark.timeout(900)  # the first test makes the world


def test_a_movement_leads_to_the_line_it_came_from(chains: list[Explanation], landing: Path) -> None:
    looked_up = 0
    for chain in chains:
        for movement in chain.facts.movements:
            line = chain.facts.lines[movement["event_id"]]
            written = json.loads((landing / line.source_uri).read_text(encoding="utf-8").splitlines()[line.line_no - 1])
            assert written["item_code"] == chain.facts.item["item_code"] or written["item_code"] == BUNDLE
            assert written["quantity"] == movement["units"]
            assert movement["document_id"] in (None, written.get("document_id"))
            looked_up += 1
    assert looked_up > 300


def test_of_a_spool_that_is_gone_the_chain_names_the_feed(world: Home, monkeypatch: pytest.MonkeyPatch, chains: list[Explanation]) -> None:
    facts = next(chain.facts for chain in chains if chain.facts.movements)
    bare = Explanation(dataclasses.replace(facts, lines={}))
    note = bare.sections[-1].terms[0].note_text("en")
    assert note.endswith(f"feed {facts.movements[0]['source_feed']}")


def test_news_after_the_plan_are_said_beside_its_figures(chains: list[Explanation]) -> None:
    facts = next(
        chain.facts for chain in chains if chain.facts.plan and chain.facts.supply and chain.facts.stock_then and chain.facts.demand
    )
    assert facts.plan is not None
    changed = {"plan": {**facts.plan, "sellable_units": 999}, "supply": [*facts.supply, {**facts.supply[0], "document_id": "NEW"}]}
    text = chain_text(Explanation(dataclasses.replace(facts, **changed)), "en")
    assert "the plan counted 999" in text
    assert "the plan counted other units" in text


def test_no_proposal_says_why(chains: list[Explanation], world: Home) -> None:
    said = {
        "enough": "is above the reorder point",
        "no_terms": "no supplier has terms for this item here",
        "already_ordered": "what is coming brings the inventory position to",
        "no_demand": "there is no demand",
        "unknown": "the reorder point is unknown",
        "not_planned": "Not planned",
    }
    for decision, words in said.items():
        assert words in first_with(chains, decision).headline("en")
    assert "no stock, no demand and nothing on order" in explain(world, NEVER, "NEW").headline()
    assert "never stocked itself" in explain(world, BUNDLE, "PAR").headline()


def test_of_a_plan_that_kept_no_terms_the_chain_says_to_plan_again(chains: list[Explanation]) -> None:
    order = first_with(chains, "order").facts
    lines = next(chain.facts for chain in chains if chain.facts.counted and chain.decision != "order")
    kept = ("covered_days", "n_own_receipts", "n_supplier_receipts", "free_units", "needed_units", "target_units", "target_kind",
            "target_days", "unit_cost_amount", "order_cost_amount", "decision", "settings_no")  # fmt: skip
    for facts, decision in ((order, "order"), (lines, "not_kept")):
        assert facts.plan is not None
        earlier = dataclasses.replace(facts, plan={**facts.plan, **dict.fromkeys(kept)}, settings={}, counted=[])
        chain = Explanation(earlier)
        assert chain.decision == decision
        for language, said in (("en", "planned by an earlier version: plan again"), ("fr", "planifié par une version antérieure")):
            text = chain_text(chain, language)
            assert said in text
            assert chain.to_json(language)
    assert "plan again" in chain.headline()


def test_before_the_first_plan_the_chain_says_so(chains: list[Explanation]) -> None:
    facts = dataclasses.replace(chains[0].facts, run=None, plan=None, proposal=None)
    assert "there is no plan yet" in chain_text(Explanation(facts), "en")


def test_an_unknown_code_names_the_nearest(world: Home) -> None:
    with pytest.raises(UserError, match="nearest: I-0") as found:
        explain(world, "I-0X", "PAR")
    assert found.value.exit_code == 2
    with pytest.raises(UserError, match=r"nearest: PAR \(Place PAR\)"):
        explain(world, "I-02", "PARIS")
    with pytest.raises(UserError, match="CUSTOMER is a virtual location"):
        explain(world, "I-02", "CUSTOMER")


def test_an_item_code_may_hold_an_at_sign(world: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(["explain", f"{AT_SIGN}@PAR", "--home", str(world.root), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["item_code"] == AT_SIGN


def test_the_command_speaks_both_languages_and_json(world: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(["explain", f"{EVIL}@DC1", "--home", str(world.root)]) == 0
    english = capfd.readouterr().out
    assert call(["explain", f"{EVIL}@DC1", "--home", str(world.root), "--lang", "fr"]) == 0
    french = capfd.readouterr().out
    assert "Reorder point" in english
    assert "Point de commande" in french
    assert "stock de sécurité" in french
    assert call(["explain", f"{EVIL}@DC1", "--home", str(world.root), "--json"]) == 0
    data = json.loads(capfd.readouterr().out)
    figures = {term["code"]: term["value"] for one in data["sections"] for term in one["terms"]}
    assert figures["inventory_position_units"] is not None
    assert all(term["source"] for one in data["sections"] for term in one["terms"])


@pytest.mark.parametrize("target", ["I-02", "@PAR", "I-02@"])
def test_a_target_without_item_or_place_is_refused(world: Home, target: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(["explain", target, "--home", str(world.root)]) == 2
    assert "ITEM@LOCATION" in capfd.readouterr().err


def test_names_cannot_move_the_terminals_cursor(chains: list[Explanation]) -> None:
    facts = chains[0].facts
    hostile = dataclasses.replace(facts, item={**facts.item, "item_name": "Mug\x1b[2J\x1b]8;;http://x\x07\u202egum\n1  Proposal"})
    text = chain_text(Explanation(hostile), "en")
    assert not any(sign in text for sign in ("\x1b", "\x07", "\u202e"))
    assert text.splitlines()[0].startswith("Mug")
    assert "gum" in text.splitlines()[0]


def test_a_home_without_a_publication_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="parstock run"):
        explain(Home(tmp_path / "empty"), "TEE", "PAR")
