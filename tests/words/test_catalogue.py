"""The catalogue as a whole: both languages, one French for one English, no word too many and none too few."""

from __future__ import annotations

import ast
import csv
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.exports.proposals import COLUMNS
from pipelines.feeds.registry import FEED_NAMES
from pipelines.planning import order_quantity, safety_stock
from pipelines.planning.safety_stock import AUTO, METHODS
from pipelines.policies.check import CLASSES
from pipelines.states import STOCK_STATES
from pipelines.words.catalogue import LANGUAGES, catalogue, check_language, read_rows
from pipelines.words.words import words_in

ROOT = Path(__file__).resolve().parents[2]
ROWS = read_rows()
SPEAKERS = sorted(path for folder in ("explain", "exports", "words") for path in (ROOT / "pipelines" / folder).rglob("*.py"))
SAME_IN_BOTH = {
    "unit.minutes", "rounding_reason.moq", "rounding_reason.multiple", "severity.info", "label.publication",
    "label.run", "label.total", "label.from",
}  # fmt: skip


def seeds(name: str) -> list[dict[str, str]]:
    with (ROOT / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def family(name: str) -> set[str]:
    """The codes of a family: what follows its name in the keys."""
    return {key.partition(".")[2] for key, *_ in ROWS if key.partition(".")[0] == name}


def test_no_key_stands_twice_and_each_has_both_languages() -> None:
    keys = [key for key, *_ in ROWS]
    assert [key for key in set(keys) if keys.count(key) > 1] == []
    assert [key for key, *texts in ROWS if not all(text.strip() for text in texts)] == []


def test_both_languages_put_in_the_same_and_have_both_forms() -> None:
    for key, english, french in ROWS:
        assert _holes(english) == _holes(french), key
        if key.startswith("unit."):
            assert english.count("|") == french.count("|") or key == "unit.per year", key
        for text in (english, french):
            forms = [spec for _, name, spec, _ in string.Formatter().parse(text) if name and spec]
            assert all(spec.count("|") == 1 and all(spec.split("|")) for spec in forms), key


def _holes(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_the_same_english_is_the_same_french_everywhere() -> None:
    french: dict[str, set[str]] = {}
    for _, english, text in ROWS:
        french.setdefault(english.casefold(), set()).add(text.casefold())
    assert {english: texts for english, texts in french.items() if len(texts) > 1} == {}


def test_french_is_french_and_set_as_french_is() -> None:
    said = {key for key, english, french in ROWS if english == french and re.search(r"[a-z]{2}", re.sub(r"\{\w*\}", "", english))}
    assert said == SAME_IN_BOTH
    assert [key for key, _, french in ROWS if "'" in french] == []  # ’ it is
    assert [key for key, texts in catalogue().items() if re.search(r" [:;!?%»]|« ", texts["fr"])] == []


@pytest.mark.parametrize("word", ["durée de vie", "approvisionnement", "mis de côté", "lieu", "point de réappro"])
def test_words_that_the_trade_does_not_use_are_not_used(word: str) -> None:
    assert [key for key, _, french in ROWS if word in french.casefold() and f"au {word}" not in french] == []


@pytest.mark.parametrize("word", ["place", "set aside", "sold out", "trouble", "grave", "mend"])
def test_english_keeps_to_the_glossary(word: str) -> None:
    assert [key for key, english, _ in ROWS if re.search(rf"\b{word}\b", english.casefold())] == []


def test_every_code_of_the_tables_has_its_words_and_no_other() -> None:
    with (ROOT / "pipelines" / "owner" / "posting" / "posting.csv").open(encoding="utf-8") as file:
        kinds = {row["event_kind"] for row in csv.DictReader(file)}
    assert family("state") == set(STOCK_STATES)
    assert family("movement") == kinds
    assert family("document") == {"ticket", "so", "po", "asn", "to", "rma", "publication", "none"}
    assert family("demand_class") == {*CLASSES["demand_class"], "unclassified"}
    assert family("rounding_reason") == {"need", *order_quantity.TARGET_KINDS, "moq", "multiple", *order_quantity.LIMITS}
    assert family("column") - {"lines"} == family("about") == {column.name for column in COLUMNS}
    assert family("weekday") == set("1234567")
    assert family("status") == {"proposed"}  # nothing else becomes of a proposal yet


def test_every_method_of_safety_stock_has_its_label_its_formula_and_is_documented() -> None:
    assert {method.label_key for method in METHODS.values()} == {f"method.{code}" for code in family("method")}
    assert {code for code in family("formula") if code.startswith("spread_")} == {f"spread_{name}" for name in METHODS}
    assert {code for code in family("formula") if code.startswith("held_")} == {
        f"held_{name}" for name, one in METHODS.items() if one.is_held
    }
    documented = (ROOT / "dbt_project" / "models" / "_columns.md").read_text(encoding="utf-8")
    block = documented.partition("{% docs method %}")[2].partition("{% enddocs %}")[0]
    assert [name for name in (*METHODS, AUTO) if not re.search(rf"\b{name}\b", block)] == []


def test_every_unit_of_a_kpi_has_its_words() -> None:
    units = {row["unit"] for row in seeds("kpi__definitions")} - {"", "share", "currency"}
    assert units - family("unit") == set()


def test_no_kpi_is_shown_or_documented_outside_its_definition() -> None:
    codes = {row["kpi_code"] for row in seeds("kpi__definitions")}
    assert {row["kpi_code"] for row in seeds("kpi__targets")} <= codes
    # A product module that named one would keep a second list; what shows KPIs reads kpi.definitions.
    named = [
        f"{path.relative_to(ROOT)}: {text}"
        for folder in ("pipelines", "orchestration")
        for path in (ROOT / folder).rglob("*.py")
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if text in codes - set(FEED_NAMES)
    ]
    assert named == []
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "dbt_project").glob("*.md")]
    asked = {
        code
        for path in documents
        for condition in re.findall(r"kpi_code (?:=|in) ?\(?([^)`|]*)", path.read_text(encoding="utf-8"))
        for code in re.findall(r"'(\w+)'", condition)
    }
    assert asked - codes == set()
    names = {(row["kpi_name"], row["kpi_name_fr"]) for row in seeds("kpi__definitions")}
    assert [key for key, english, french in ROWS if (english, french) in names] == []


def test_every_reason_that_planning_writes_is_in_the_catalogue() -> None:
    tree = ast.parse(Path(str(safety_stock.__file__)).read_text(encoding="utf-8"))
    [written] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "reason"]
    texts = {text for text in _texts(ast.Module(written.body[1:], [])) if " " in text}
    assert texts == {re.sub(r"\{\w+\}", "{}", english) for key, english, _ in ROWS if key.startswith("reason.")}


def test_no_key_is_unused() -> None:
    said = {text for path in SPEAKERS for text in _texts(ast.parse(path.read_text(encoding="utf-8")))}
    said |= set(
        re.findall(r"words\(['\"]([\w. ]+)['\"]", "".join(path.read_text() for path in (ROOT / "pipelines/exports/templates").iterdir()))
    )
    shaped = [shape for path in SPEAKERS for shape in _shapes(ast.parse(path.read_text(encoding="utf-8")))]
    # Their codes are those of the tables, which a test above compares.
    of_tables = {
        "state",
        "movement",
        "document",
        "demand_class",
        "method",
        "column",
        "about",
        "weekday",
        "reason",
        "rounding_reason",
        "status",
    }
    # Said by their code alone: `Term("order_units", …)`, `("headline_enough", {…})`; of the others each code stands somewhere too.
    by_code = {"term", "heading", "say", "formula", "unit", "kpi_status", "severity", "urgency"}
    of_units = {row["unit"] for row in seeds("kpi__definitions")}
    unused = []
    for key, *_ in ROWS:
        name, _, code = key.partition(".")
        if name in of_tables:
            continue
        used = key in said or any(
            shape.pattern.startswith(f"{name}\\.") and shape.fullmatch(key) for shape in shaped if name not in by_code
        )
        if name in by_code:
            used |= bool({code, code.removesuffix("_moved"), code.removesuffix("_no_line")} & said) or code in of_units
            used |= any(re.match(r"[a-z]{4,}_", shape.pattern) and shape.fullmatch(code) for shape in shaped)
        if not used:
            unused.append(key)
    assert unused == []


def test_no_key_is_used_that_is_not_there() -> None:
    missing = []
    for path in SPEAKERS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant | ast.IfExp)):
                continue
            speaker = ast.unparse(node.func)
            if (
                speaker.split(".")[-1] in ("words", "Code")
                or speaker.startswith("words_in(")
                or speaker in ("self", "words.code", "words.known")
            ):
                missing += [f"{path.name}: {text}" for text in _texts(node.args[0]) if text not in catalogue() and "." in text]
    for path in (ROOT / "pipelines" / "exports" / "templates").iterdir():
        missing += [key for key in re.findall(r"words\(['\"]([\w. ]+)['\"]", path.read_text(encoding="utf-8")) if key not in catalogue()]
    assert missing == []


def _texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module that stand by themselves."""
    pieces = {piece for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in pieces:
            yield node.value


def _shapes(tree: ast.AST) -> Iterator[re.Pattern[str]]:
    """The texts of a module that have holes, as patterns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(piece.value) if isinstance(piece, ast.Constant) else "([\\w ]+)" for piece in node.values]
            yield re.compile("".join(parts))


def test_another_language_is_refused() -> None:
    for ask in (check_language, words_in):
        with pytest.raises(UserError, match="--lang en or --lang fr"):
            ask("de")
    assert [words_in(language)("word.unknown") for language in LANGUAGES] == ["unknown", "inconnu"]
