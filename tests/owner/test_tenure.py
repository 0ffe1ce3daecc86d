"""Which of a key's rows stands when: of rows that begin and end, in any order."""

from __future__ import annotations

import itertools

from pipelines.owner.apply.tenure import DECIDED, FOREVER, Life, Row, judge
from pipelines.owner.reference.versions import END


def row(
    begin: int, *, end: int = END, revision: int = 0, payload: int = 1, counts: int = 0, problem: str | None = None, waits: bool = False
) -> Row:
    life = Life((begin, 0), FOREVER if end == END else (end, DECIDED))
    return Row(revision, payload, (begin,), (life,), counts, problem, waits)


def outcomes(*rows: Row) -> list[tuple[str, list[tuple[int, int]]]]:
    """Outcome and spans of each row; the same whatever the order in which they are given."""
    found = [(one.outcome, one.spans) for one in judge(rows)]
    for order in itertools.permutations(range(len(rows))):
        again = judge([rows[number] for number in order])
        assert [(again[order.index(number)].outcome, again[order.index(number)].spans) for number in range(len(rows))] == found
    return found


def test_a_copy_takes_over_when_the_first_is_taken_back() -> None:
    assert outcomes(row(1, end=9), row(5)) == [("accepted", [(1, 9)]), ("accepted", [(9, END)])]


def test_another_content_stands_from_when_the_first_is_gone() -> None:
    assert outcomes(row(1, end=9), row(5, payload=2), row(6, payload=2)) == [
        ("accepted", [(1, 9)]), ("accepted", [(9, END)]), ("duplicate", []),
    ]  # fmt: skip


def test_the_lower_revision_stands_again() -> None:
    assert outcomes(row(1), row(5, end=9, revision=1)) == [("accepted", [(1, 5), (9, END)]), ("corrected", [(5, 9)])]


def test_a_refused_row_holds_nothing_and_a_waiting_one_its_identity() -> None:
    assert outcomes(row(1, problem="fractional_quantity"), row(5)) == [("quarantined", []), ("accepted", [(5, END)])]
    assert outcomes(row(1, problem="unknown_item", waits=True), row(5)) == [("quarantined", []), ("duplicate", [])]


def test_what_comes_back_finds_its_place_taken() -> None:
    back = Row(0, 1, (1,), (Life((1, 0), (9, DECIDED)), Life((12, DECIDED))))
    assert outcomes(back) == [("accepted", [(1, 9), (12, END)])]
    assert outcomes(back, row(10, payload=2)) == [("quarantined", [(1, 9)]), ("accepted", [(10, END)])]


def test_what_was_read_anew_at_once_never_stood() -> None:
    former, newer = Row(0, 1, (1,), (Life((1, 0), (1, 1)),)), Row(0, 2, (1,), (Life((1, 1)),))
    assert outcomes(former, newer) == [("accepted", []), ("accepted", [(1, END)])]


def test_a_row_that_waited_to_its_end_is_counted_as_one_that_waits() -> None:
    assert outcomes(row(1, end=9, counts=20)) == [("quarantined", [])]
    assert outcomes(row(1, end=9, counts=20), row(5, counts=20)) == [("quarantined", []), ("accepted", [(20, END)])]
