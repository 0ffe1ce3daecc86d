"""The fast way and the honest way give the same rows, and neither is ever wrong in silence."""

from __future__ import annotations

import json
from decimal import Decimal
from unittest import mock

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.feeds.parse import Context, How, Task, known_fields, parse_block
from pipelines.feeds.reading import csvlines, jsonfast, jsonlines
from pipelines.ingest.survey import count_rows

SECRET = b"k" * 32
TASK = Task("pos", How("jsonl"), Context("pos", SECRET))
KNOWN, RENAMES = known_fields("pos", None)


def is_fast(block: bytes) -> bool:
    try:
        jsonfast._read_fast(block, 1, count_rows(block)[0], KNOWN, RENAMES)
    except BaseException:
        return False
    return True


def both_ways(task: Task, block: bytes) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    rows = count_rows(block)[0]
    first = parse_block(task, block, 1, rows)
    with (
        mock.patch.object(jsonfast, "_read_fast", side_effect=jsonfast._Doubt),
        mock.patch.object(csvlines, "_read_fast", return_value=None),
    ):
        second = parse_block(task, block, 1, rows)
    assert first.unknown_columns == second.unknown_columns
    assert first.dropped_columns == second.dropped_columns
    assert first.events.height + first.rejects.height == rows
    return first.events, second.events, first.rejects, second.rejects


def assert_same(task: Task, block: bytes) -> None:
    fast, honest, fast_rejects, honest_rejects = both_ways(task, block)
    assert_frame_equal(fast, honest)
    assert_frame_equal(fast_rejects.drop("payload"), honest_rejects.drop("payload"))


codes = st.sampled_from(["PAR", "LIS", " PAR", "É", "a:b", 'a"b', "1.5", "", "x  y", "007", "e\u0301", "\u00a0Z"])
quantities = st.sampled_from([1, 2, "3", "1.5", 2.5, 0, -1, "zwei", None, "", "  ", 1000001, 10**15, 1e3, "1.23456", True])
prices = st.sampled_from([9.9, "9.90", 12, None, "1e3", 0.1, 19.99, 123456789.1234])
times = st.sampled_from(
    ["2026-03-02T10:05:00+01:00", "2026-03-02T10:05:00Z", "2026-03-02T10:05:00", "2026-03-02 10:05", "2026-03-02T10:05:00.123456+0530", "gestern", None,
     "", "  ", "1999-01-01T00:00:00Z"]
)  # fmt: skip
fields = st.fixed_dictionaries(
    {"event_kind": st.sampled_from(["sale", "sale_void", "return", "till_close", "vente"]), "location_code": codes, "document_id": codes,
     "document_line": st.one_of(st.integers(1, 99), codes), "occurred_at": times, "item_code": codes, "quantity": quantities},
    optional={"unit_price_amount": prices, "currency_code": st.sampled_from(["EUR", "XXX", None, ""]), "is_promo": st.sampled_from([True, False, "true", None]),
              "loyalty": st.sampled_from(["gold", 5, None, "", "a@b.example", True]), "customer_id": st.sampled_from(["C-1", None, 5]),
              "customer_name": st.just("Jean"), "source_event_id": st.sampled_from(["X1", "X2", None]), "business_on": st.sampled_from(["2026-03-02", "x"]),
              "source_revision": st.sampled_from([0, 1, "2", -1, "a"])},
)  # fmt: skip
common = st.fixed_dictionaries(
    {"event_kind": st.sampled_from(["sale", "sale_void"]), "location_code": st.sampled_from(["PAR", "LIS"]), "document_id": st.sampled_from(["A-1", "A-2"]),
     "document_line": st.integers(1, 9), "occurred_at": times, "item_code": st.sampled_from(["MUG", "TEA"]), "quantity": st.one_of(st.integers(-1, 5), st.just("1.5"))},
    optional={"unit_price_amount": st.decimals(0, 99, places=2).map(float), "currency_code": st.just("EUR"), "reason_code": st.sampled_from([None, "x"]),
              "is_promo": st.booleans(), "loyalty": st.sampled_from(["gold", 5, None]), "customer_key": st.sampled_from(["C-1", None])},
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(fields, min_size=1, max_size=6), st.booleans(), st.booleans())
def test_awkward_lines_read_the_same_both_ways(rows: list[dict[str, object]], compact: bool, ascii_only: bool) -> None:
    block = "".join(json.dumps(row, separators=(",", ":") if compact else None, ensure_ascii=ascii_only) + "\n" for row in rows).encode()
    assert_same(TASK, block)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(common, min_size=1, max_size=8), st.booleans())
def test_common_lines_go_the_fast_way_and_read_the_same(rows: list[dict[str, object]], compact: bool) -> None:
    block = "".join(json.dumps(row, separators=(",", ":") if compact else None) + "\n" for row in rows).encode()
    assert is_fast(block)
    assert_same(TASK, block)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(
            st.sampled_from(["sale", "PAR", "", "1", "2.5", " x ", "é", "2026-03-02T10:05:00Z", "EUR", "a@b.example"]),
            min_size=7,
            max_size=9,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_tables_read_the_same_both_ways(rows: list[list[str]]) -> None:
    header = b"event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity,note\n"
    task = Task("pos", How("csv", header=header), Context("pos", SECRET))
    assert_same(task, "".join(",".join(row) + "\n" for row in rows).encode())


LINE = '{"event_kind":"sale","location_code":"PAR","document_id":"A-1","document_line":1,"occurred_at":"2026-03-02T10:05:00Z","item_code":"MUG","quantity":1'


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (',"quantity":2', "a doubled field"),
        (',"quantity":null', "a field doubled with null"),
        (',"reason_code":null,"reason_code":"x"', "null first"),
        (',"register_no":1.0', "a fraction in a code"),
        (',"register_no":1e2', "an exponent in a code"),
        (',"register_no":true', "true in a code"),
        (',"unit_price_amount":1.00000000000000001', "more digits than a float holds"),
        (',"unit_price_amount":12345678901234.5678', "more digits than a float holds"),
        (',"reason_code":"\\ud800"', "half a character"),
        (',"reason_code":"\\u0000"', "NUL"),
        (',"reason_code" :"x"', "a blank before the colon"),
        (',"reason_code":{"a":1}', "an object"),
        (',"reason_code":["a"]', "a list"),
        (',"reason_code":"a\\":b"', "a quote before a colon in a text"),
    ],
)
def test_what_cannot_be_proved_goes_the_honest_way(more: str, why: str) -> None:
    assert is_fast((LINE + "}\n").encode())
    assert not is_fast((LINE + "}\n" + LINE + more + "}\n").encode()), why


def test_a_panic_of_the_engine_sends_the_block_the_honest_way() -> None:
    class Panic(BaseException):
        pass

    with mock.patch.object(pl, "read_csv", side_effect=Panic):
        parsed = parse_block(TASK, (LINE + "}\n").encode(), 1, 1)
    assert parsed.events.height == 1


def test_stopping_the_program_is_not_taken_for_a_bad_block() -> None:
    with mock.patch.object(jsonfast, "read_alike", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        parse_block(TASK, (LINE + "}\n").encode(), 1, 1)


def test_a_field_that_appears_late_in_a_block_is_kept() -> None:
    block = ((LINE + "}\n") * 200 + LINE + ',"loyalty":"gold"}\n' + (LINE + "}\n") * 200).encode()
    parsed = parse_block(TASK, block, 1, 401)
    assert parsed.unknown_columns == ["loyalty"]
    assert parsed.events["extra"].drop_nulls().to_list() == ['{"loyalty":"gold"}']


def test_money_keeps_every_digit_both_ways() -> None:
    for written, amount in (
        ("19.99", "19.9900"),
        ('"19.990"', "19.9900"),
        ("0.1", "0.1000"),
        ('"1234567890.5678"', "1234567890.5678"),
    ):
        block = (LINE + f',"unit_price_amount":{written},"currency_code":"EUR"}}\n').encode()
        for events in both_ways(TASK, block)[:2]:
            assert events["unit_price_amount"].to_list() == [Decimal(amount)]


def test_whole_numbers_as_codes_keep_every_digit() -> None:
    block = (LINE + ',"register_no":12345678901234567890123}\n' + LINE + ',"register_no":9007199254740993}\n').encode()
    for events in both_ways(TASK, block)[:2]:
        assert events["register_no"].to_list() == ["12345678901234567890123", "9007199254740993"]


def test_line_numbers_count_blank_lines() -> None:
    block = f"\n{LINE}}}\n\n{LINE}}}\n".encode()
    raw = jsonfast.read_json(block, 10, 2, KNOWN, RENAMES)
    assert raw.frame["source_line"].to_list() == [11, 13]


def test_a_line_and_its_table_row_are_the_same_event() -> None:
    header = b"quantity,event_kind,location_code,document_id,document_line,occurred_at,item_code\n"
    row = b"1.0,sale,PAR,A-1,1,2026-03-02T10:05:00Z,MUG\n"
    table = parse_block(Task("pos", How("csv", header=header), Context("pos", SECRET)), row, 2, 1).events
    line = parse_block(TASK, (LINE + "}\n").encode(), 1, 1).events
    assert_frame_equal(table.drop("source_line"), line.drop("source_line"))


def test_a_plain_table_goes_the_fast_way() -> None:
    header = csvlines.Header(["event_kind", "quantity", "note"], KNOWN, RENAMES)
    raw = csvlines._read_fast(b"sale,1,x\r\nsale,,\r\n", 2, 2, header)
    assert raw is not None
    assert raw.frame.rows() == [("sale", "1", '{"note":"x"}', 2), ("sale", None, None, 3)]
    quoted = csvlines._read_fast(b'"sale",1,"x"\r\nsale,"",""\r\n', 2, 2, header)
    assert quoted is not None and quoted.frame.rows() == raw.frame.rows()


def test_a_table_whose_quotes_hide_something_or_with_ragged_rows_goes_the_honest_way() -> None:
    header = csvlines.Header(["event_kind", "quantity", "note"], KNOWN, RENAMES)
    for block in (
        b'sale,1,"x,y"\n',
        b'sale,1,"x""y"\n',
        b'sale,1,"x" \n',
        b'sale,1,"x\n"\n',
        b"sale,1\nsale,1,x,y\n",
        b"sale,1,\x00\n",
        b"sale,1,x\ry\n",
    ):
        assert csvlines._read_fast(block, 2, block.count(b"\n"), header) is None


def test_a_long_text_of_numbers_is_no_line_for_the_honest_way() -> None:
    assert jsonlines.plain_number("1.50", "quantity") == "1.50"
    assert is_fast((LINE + ',"reason_code":"12345678901234567890.5"}\n').encode())


ESCAPED = [
    (r"\u00a0PAR\u2003", "PAR"), (r"PAR\u200b", "PAR"), (r"\u202aPAR\u202c", "PAR"), (r"\ufeffPAR\u3164", "PAR"), (r"CAFE\u0301", "CAF\u00c9")
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "code"), ESCAPED, ids=[code.encode("unicode_escape").decode() + str(n) for n, (_, code) in enumerate(ESCAPED)]
)
def test_a_sign_that_is_escaped_is_the_sign(written: str, code: str) -> None:
    r"""JSON may write what is not ASCII as `\u00a0`: blanks are taken off, and letters are composed, all the same."""
    line = (
        f'{{"event_kind":"sale","location_code":"{written}","document_id":"T1","document_line":"1","occurred_at":"2026-03-02T10:05:00Z",'
        f'"item_code":"{written}","quantity":1}}\n'
    ).encode()
    said = line.decode().encode().decode("unicode_escape").encode()  # the same without escapes
    for block in (line, said):
        for events in both_ways(TASK, block)[:2]:
            assert events.select("location_code", "item_code").row(0) == (code, code)
    assert both_ways(TASK, line)[0]["payload_hash"].to_list() == both_ways(TASK, said)[0]["payload_hash"].to_list()
