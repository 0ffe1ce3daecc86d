"""The daily brief: what it says of which home, and that its figures are those of the tables."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from pipelines.exports.facts import read_facts
from pipelines.exports.write import Brief, write_brief
from tests.worlds.published_home import AS_OF, PublishedHome

YESTERDAY = date(2026, 3, 8)  # a Sunday


def brief_of(home: PublishedHome, language: str = "en") -> Brief:
    return write_brief(home.home, language=language)


def busy(folder: Path, *, with_all: bool = False) -> PublishedHome:
    """Five items: one ordered, one on its way, one that nobody supplies (all sold out), one about to run out, one that lasts."""
    home = PublishedHome(folder, with_all=with_all).planned().supplier(1, "S-TEA", "Tea & more")
    home.item(1, "TEE", "T-shirt | <b>red</b>", demand=3, supplier=1).order(1, 1, 12)
    home.item(2, "MUG", "Mug", demand=2, coming=20)
    home.item(3, "HAT", "Hat", demand=1)
    home.item(4, "CAP", "Cap", sellable=2, demand=1, coming=9)
    home.item(5, "BAG", "Bag", sellable=90, demand=1)
    home.add("stock.on_hand", item_id=4, location_id=1, owner_id=0, on_hand_units=2).add(
        "stock.on_hand", item_id=5, location_id=1, owner_id=0, on_hand_units=90
    )
    home.add("stock.daily", item_id=5, location_id=1, stock_on=YESTERDAY - timedelta(days=3), opening_units=0, closing_units=100)
    home.add("stock.daily", item_id=5, location_id=1, stock_on=YESTERDAY, opening_units=100, closing_units=92)
    for weeks, units in ((0, 12), (1, 8), (2, 12)):
        day = YESTERDAY - timedelta(days=7 * weeks)
        home.add(
            "demand.daily",
            item_id=5,
            location_id=1,
            demand_on=day,
            gross_units=units,
            gross_amounts={"EUR": units * 4},
            currency_code="EUR",
        )
    home.add("ops.quarantine", feed="pos", reason_code="unknown_item", reason="no reference row names item X|Y", is_waiting=True)
    home.add("ops.quarantine", feed="pos", reason_code="not_json", reason="the line is not one JSON object", is_waiting=False)
    return home.add("ops.data_health", check_code="items_without_cost", n_rows=4)


def test_it_tells_what_changed_what_is_short_what_to_order_and_what_the_data_lacks(tmp_path: Path) -> None:
    text = brief_of(busy(tmp_path)).text
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == [
        "What changed", "Out of stock, now or soon", "What to order", "What the data lacks", "Targets",
    ]  # fmt: skip
    assert "| Units in stock | 92 | −8 on 2026-03-08 |" in text
    assert "| Stock value | 230.00 EUR | −20.00 EUR on 2026-03-08 |" in text
    assert "| Demand on Sunday 2026-03-08, units | 12 | +20% against a usual Sunday (10, mean of 2 weeks) |" in text
    assert "3 item × location are out of stock: 1 to order now, 1 with goods on the way, 1 with neither." in text
    assert "| TEE · T-shirt \\| &lt;b>red&lt;/b> | PAR | 3.00 | order 12 today, expected on 2026-03-13 |" in text
    assert "| MUG · Mug | PAR | 2.00 | 20 on the way, day unknown |" in text
    assert "| HAT · Hat | PAR | 1.00 | no supplier has terms for this item here |" in text
    assert "| CAP · Cap | PAR | 2.0 | 2 | 1.00 | 9 on the way, day unknown |" in text
    assert "1 line, 12 units, 30.00 EUR, from 1 supplier." in text
    assert (
        "2 rows are in quarantine: 1 waiting (applied automatically once what they name is known), 1 refused (a corrected copy is needed)."
        in text
    )
    assert "4 items have neither cost nor price" in text
    assert (
        "1 item × location is at or below the reorder point, but no supplier has terms for it, so nothing can be proposed (1 of them out of stock)."
        in text
    )


def test_it_says_which_publication_which_commits_and_how_old(tmp_path: Path) -> None:
    made = brief_of(PublishedHome(tmp_path, version=42).planned())
    origin = (
        "As of 2026-03-09 07:00 Europe/Paris · publication 42 · ledger commit 5, marts commit 4 · newest event 2 hours before publication"
    )
    assert made.text.splitlines()[2] == origin
    assert origin in re.sub(r"</?i>", "", made.html.read_text(encoding="utf-8"))
    assert made.markdown == tmp_path / "exports" / "0000000042" / "brief.md"


def test_the_page_says_the_same_figures_as_the_markdown(tmp_path: Path) -> None:
    made = brief_of(busy(tmp_path))
    page = _text_of(made.html.read_text(encoding="utf-8"))
    for line in made.text.splitlines():
        for cell in re.split(r" \| | · |^\| | \|$", line):
            plain = cell.replace("\\", "").replace("&lt;", "<").strip("#* ")
            if plain and "|" not in plain and not re.fullmatch(r"[-: |]+", plain):
                assert plain in page


def test_the_page_is_one_file_that_asks_nobody_for_anything(tmp_path: Path) -> None:
    home = busy(tmp_path).item(6, "=EVIL", '</td><script>alert(1)</script><img src="http://evil.example/x.png">')
    page = brief_of(home).html.read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"<(link|img|iframe|object|base|form)\b", page)
    assert not re.search(r"(?:src|href|action)\s*=|url\(|@import", page.replace("&#34;", "").replace("src=http://evil.example", ""))
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "&lt;/td&gt;&lt;script&gt;alert(1)" in page
    Xml.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])  # a chart is XML of its own


def test_charts_hold_no_text_that_is_not_escaped(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned().supplier(1, "<script>&", "x").item(1, "TEE", "T").order(1, 1)
    page = brief_of(home).html.read_text(encoding="utf-8")
    assert "&lt;script&gt;&amp;</text>" in page
    assert "<script" not in page


def test_what_the_last_plan_did_not_have_is_new_and_what_it_had_is_resolved(tmp_path: Path) -> None:
    home = busy(tmp_path).supplier(2, "S-CUP", "Cups")
    home.add("plan.runs", run_id="R0", as_of_at=AS_OF - timedelta(days=1), as_of_on=YESTERDAY, commit_id=3, is_latest=False)
    home.add("plan.runs", run_id="R0b", as_of_at=AS_OF - timedelta(hours=1), as_of_on=AS_OF.date(), commit_id=4, is_latest=False)
    home.order(2, 2, run="R0").order(3, 2, run="R0").order(3, 2)
    text = brief_of(home).text
    assert "| Orders proposed | 2 | 1 new, 1 no longer needed since the plan of 2026-03-08 |" in text
    assert "**New since the last plan**\n\n| Item | Location | To order | Supplier |\n| --- | --- | ---: | --- |\n| TEE ·" in text


def test_gates_targets_and_alerts_are_told_where_there_are_any(tmp_path: Path) -> None:
    home = busy(tmp_path, with_all=True)
    home.add("ops.gates", gate_run_id="g1", gate_kind="marts", subject="marts", is_blocked=True)
    home.add("ops.gate_results", gate_run_id="g1", rule_code="r", severity="block", is_met=False, rows_failed=3, what="no stock | is NaN")
    home.add(
        "kpi.definitions", kpi_code="oos_rate_refs", kpi_name="Stockout rate of references", kpi_name_fr="Taux de rupture", unit="share"
    )
    for days, value in ((1, 0.031), (2, 0.010)):
        day = AS_OF.date() - timedelta(days=days)
        home.add("kpi.values", kpi_code="oos_rate_refs", period_kind="day", period_start_on=day, period_end_on=day, grain_kind="all", value=value,
                 target_value=0.02, target_operator="<", status="missed", unit="share", recommended_action="Order it", is_complete=True)  # fmt: skip
    home.add(
        "ops.alerts",
        alert_id="a1",
        alert_code="stockout",
        severity="critical",
        state="open",
        first_seen_at=AS_OF,
        what="TEE at PAR is sold out",
        item_code="TEE",
        location_code="PAR",
        figures='{"sellable_units": 2, "reserved_units": 5, "available_units": -3, "on_order_units": 10}',
    )
    home.add("ops.alerts", alert_id="a3", alert_code="po_late", severity="warning", state="open", first_seen_at=AS_OF - timedelta(days=9),
             what="PO-1 is late", figures='{"order": "PO-1", "days_late": 3, "expected_on": "2026-03-05", "open_units": 1200, "locations": "PAR"}')  # fmt: skip
    home.add("ops.alerts", alert_id="a4", alert_code="desync", severity="info", state="open", first_seen_at=AS_OF - timedelta(days=9),
             what="web shows too many", item_code="TEE", figures='{"displayed_units": 1}')  # fmt: skip
    home.add("ops.alerts", alert_id="a2", alert_code="stockout", severity="critical", state="resolved", first_seen_at=AS_OF, what="MUG")
    made = brief_of(home)
    assert "Gate marts blocks: no stock \\| is NaN." in made.text
    assert "| Stockout rate of references | 2026-03-08 | 3.10% | < 2.00% | missed | Order it |" in made.text
    assert "3 alerts are open; 1 new since 2026-03-08." in made.text
    assert "| Out of stock · stockout | critical | 1 | TEE at PAR is sold out |" in made.text
    assert any(line.startswith("targets") and "1 missed" in line for line in made.head)
    assert any("1 gate blocks" in line for line in made.head)
    french = brief_of(home, "fr").text
    assert "| Taux de rupture |" in french
    assert "| Rupture · stockout |" in french
    assert "TEE est en rupture sur PAR\xa0: 2 vendables − 5 réservées = -3\xa0; 10 en commande |" in french
    assert "PO-1 a 3 jours de retard (attendue le 2026-03-05)\xa0: 1\u202f200 unités encore à recevoir sur PAR |" in french
    assert "| web shows too many |" in french  # not all is known that the sentence says


def test_an_empty_home_says_that_there_is_nothing_and_why(tmp_path: Path) -> None:
    made = brief_of(PublishedHome(tmp_path))
    page = made.html.read_text(encoding="utf-8")
    assert "no delivery has been read" in made.text
    assert "no delivery has been read" in page
    assert "<table" not in page
    assert "|" not in made.text
    assert made.head[-1].startswith("data        There is nothing here yet")


def test_a_home_without_a_plan_says_so_and_shows_what_there_is(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).add("ops.deliveries", feed="pos", first_known_at=AS_OF)
    made = brief_of(home)
    assert made.text.count("There is no plan yet") == 2
    assert "Never received: wms, marketplace, rfid, supply, reference." in made.text
    assert "There is no stock yet" in made.text
    assert "No demand on Sunday 2026-03-08." in made.text


def test_no_table_is_ever_empty(tmp_path: Path) -> None:
    for number, home in enumerate((PublishedHome(tmp_path / "a"), PublishedHome(tmp_path / "b").planned(), busy(tmp_path / "c"))):
        page = brief_of(home).html.read_text(encoding="utf-8")
        assert not re.search(r"<tbody>\s*</tbody>", page), number


def test_a_feed_that_has_been_silent_is_named(tmp_path: Path) -> None:
    home = busy(tmp_path)
    home._do("update ops.deliveries set first_known_at = ? where feed = 'wms'", [AS_OF - timedelta(days=3)])
    assert "Not received for 3 days: wms (last on 2026-03-06)." in brief_of(home).text


def test_lists_are_cut_and_say_how_many_more_there_are(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned()
    for number in range(1, 31):
        home.item(number, f"I{number}", "x", demand=number)
    text = brief_of(home).text
    assert len(re.findall(r"^\| I\d", text, re.MULTILINE)) == 12
    assert '… 18 more: parstock sql "from plan.reorder_points"' in text


def test_the_head_is_a_few_lines(tmp_path: Path) -> None:
    assert brief_of(busy(tmp_path)).head == [
        "brief       Monday 2026-03-09, publication 7",
        "changed     demand on Sunday 2026-03-08: 12 units, +20% against usual; stock: 92 (−8) units, worth 230.00 EUR",
        "stockouts   3 out of stock: 1 to order now, 1 on the way, 1 neither; 1 more runs out before an order could arrive",
        "orders      1 line, 12 units, 30.00 EUR, from 1 supplier",
        "data        2 rows in quarantine (1 waiting, 1 refused); 1 at the reorder point without a supplier's terms",
    ]


def test_the_french_brief_says_the_same_figures(tmp_path: Path) -> None:
    made = brief_of(busy(tmp_path), "fr")
    assert "3 article × site sont en rupture\u00a0: 1 à commander maintenant" in made.text
    assert '<html lang="fr">' in made.html.read_text(encoding="utf-8")
    assert "l’article X" in made.text and "the line is not" not in made.text  # why rows are set aside, too
    assert made.markdown.name == "brief.fr.md"
    figures = [
        sorted(re.findall(r"\d[\d.,\u202f]*", re.sub(r"parstock.*", "", text)))
        for text in (made.text, brief_of(busy(tmp_path / "en")).text)
    ]
    assert [number.replace(",", ".") for number in figures[0]] == [number.replace(",", ".") for number in figures[1]]


def test_every_sold_out_one_is_ordered_or_coming_or_neither(tmp_path: Path) -> None:
    facts = read_facts(busy(tmp_path).home)
    assert (facts.out.count, facts.out.ordered, facts.out.coming, facts.out.unserved) == (3, 1, 1, 1)
    assert [row["item_code"] for row in facts.out.rows] == ["TEE", "MUG", "HAT"]


@pytest.mark.parametrize("newest", [None, AS_OF - timedelta(days=4)])
def test_movements_that_the_marts_do_not_hold_yet_are_said(newest: object, tmp_path: Path) -> None:
    home = busy(tmp_path)
    if newest:
        home.add("ledger.movements_new", movement_id=1)
    assert ("1 movement is newer than the marts" in brief_of(home).text) is bool(newest)


def _text_of(page: str) -> str:
    """What a reader of the page sees, with the marks of the Markdown's other line."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    plain = re.sub(r"<[^>]+>", "", re.sub(r"</?i>", "", body))
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", '"'), ("&amp;", "&")):
        plain = plain.replace(entity, sign)
    return plain
