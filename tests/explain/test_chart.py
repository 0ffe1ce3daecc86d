"""Charts as files: right size, not blank, nothing from elsewhere, the figures in the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.cli.main import call
from pipelines.errors import UserError
from pipelines.explain.chain import Explanation, explain
from pipelines.explain.chart import draw, stock_chart
from pipelines.explain.drawing import as_svg, save_png
from pipelines.explain.history import dues, last_day, projection
from pipelines.explain.page import page, write_chart
from pipelines.settings import Home
from pipelines.words.words import words_in
from tests.worlds.chain import EVIL, NEVER

from .conftest import first_with, key_of

pytestmark = pytest.mark.timeout(900)  # the first test makes the world


@pytest.fixture(scope="module")
def ordering(world: Home, chains: list[Explanation]) -> Explanation:
    """A chain that ends in an order, with its history."""
    return explain(world, *key_of(first_with(chains, "order").facts), with_history=True)


def pixels(path: Path) -> tuple[int, int, int]:
    """Width, height, and how many different colours there are."""
    from matplotlib.image import imread

    image = imread(path)
    return image.shape[1], image.shape[0], len({tuple(one) for one in image.reshape(-1, image.shape[2])[::7].tolist()})


def test_a_png_has_its_size_and_is_not_blank(world: Home, ordering: Explanation, tmp_path: Path) -> None:
    item, place = key_of(ordering.facts)
    path = save_png(stock_chart(world, item, place), tmp_path / "deep" / "chart.png")
    width, height, colours = pixels(path)
    assert (width, height) == (1200, 650)
    assert colours > 20
    assert list(path.parent.iterdir()) == [path]


def test_every_kind_of_item_place_can_be_drawn(world: Home, chains: list[Explanation], tmp_path: Path) -> None:
    for decision in ("no_terms", "already_ordered", "no_demand", "unknown", "not_planned"):
        one = explain(world, *key_of(first_with(chains, decision).facts), with_history=True)
        path = write_chart(one, tmp_path / f"{decision}.png", language="fr")
        assert pixels(path)[:2] == (1200, 650)
    assert pixels(write_chart(explain(world, NEVER, "NEW", with_history=True), tmp_path / "never.png"))[:2] == (1200, 650)


def test_no_text_of_a_chart_is_clipped(ordering: Explanation) -> None:
    for language in ("en", "fr"):
        chart = draw(ordering, language)
        chart.canvas.draw()  # type: ignore[no-untyped-call]
        edge = chart.bbox
        texts = [text for axes in chart.axes for text in (*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), axes.yaxis.label)]
        texts += [text for axes in chart.axes if (legend := axes.get_legend()) for text in legend.get_texts()]
        for text in (*texts, *chart.texts):
            box = text.get_window_extent()
            if text.get_text() and text.get_visible() and edge.overlaps(box):
                assert box.x0 >= edge.x0 - 1, text
                assert box.x1 <= edge.x1 + 1, text
                assert box.y0 >= edge.y0 - 1, text
                assert box.y1 <= edge.y1 + 1, text


def test_the_order_lifts_the_expected_stock_by_its_units(ordering: Explanation) -> None:
    facts = ordering.facts
    assert facts.proposal is not None
    coming = dues(facts)
    until = last_day(facts, coming)
    lifted = dict(projection(facts, coming, until, with_order=True))
    plain = dict(projection(facts, coming, until, with_order=False))
    before = [day for day in plain if day < facts.proposal["eta_on"]]
    assert [lifted[day] for day in before] == [plain[day] for day in before]
    assert lifted[facts.proposal["eta_on"]] - plain[facts.proposal["eta_on"]] <= facts.proposal["order_units"]
    assert lifted[facts.proposal["eta_on"]] > plain[facts.proposal["eta_on"]]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.styles = 0
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "col", "wbr", "br"):
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "action")]
        self.styles += sum(name == "style" or name.startswith("on") for name, _ in attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read_page(text: str) -> _Page:
    parsed = _Page()
    parsed.feed(text)
    parsed.close()
    assert parsed.open == []
    return parsed


def test_a_page_parses_and_takes_nothing_from_elsewhere(ordering: Explanation, tmp_path: Path) -> None:
    path = write_chart(ordering, tmp_path / "chart.html", language="fr")
    text = path.read_text(encoding="utf-8")
    parsed = read_page(text)
    assert "://" not in text
    assert all(address.startswith("#") for address in parsed.addresses)
    assert "script" not in parsed.tags
    assert parsed.styles == 0, "a strict policy would drop inline styles"
    assert "default-src 'none'" in text


def test_a_page_has_every_figure_of_the_chain(ordering: Explanation) -> None:
    for language in ("en", "fr"):
        text = read_page(page(ordering, language)).text
        for one in ordering.sections:
            for term in one.terms:
                assert term.value_text(language) in text, term.code
        assert ordering.headline(language) in text
        assert f"+{words_in(language).figure(ordering.figures['order_units'])}" in text


def test_a_name_that_is_markup_stays_text(world: Home) -> None:
    text = page(explain(world, EVIL, "DC1", with_history=True))
    parsed = read_page(text)
    assert "<script>alert" not in text
    assert "<b>" not in text
    assert "<script>alert('x')</script> & =cmd|' /C calc'!A0" in parsed.text
    svg = as_svg(draw(explain(world, EVIL, "DC1", with_history=True)), title="<b>", description="&<")
    assert "=cmd<b>" in "".join(ET.fromstring(svg).itertext())


def test_the_same_chart_gives_the_same_bytes(ordering: Explanation) -> None:
    assert page(ordering) == page(ordering)
    assert re.search(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}", page(ordering)) is None, "no clock of this machine stands in it"


def test_a_chart_of_another_kind_is_refused_before_anything_is_printed(
    world: Home, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(["explain", f"{EVIL}@DC1", "--home", str(world.root), "--chart", str(tmp_path / "chart.gif")]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert "written as .png or .html" in said.err
    with pytest.raises(UserError):
        write_chart(explain(world, EVIL, "DC1", with_history=True), tmp_path / "chart")
