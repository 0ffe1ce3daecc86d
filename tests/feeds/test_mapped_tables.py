"""How a mapped table is taken apart: header, encoding, quotes, what stands on top, what is left out, and line numbers."""

from __future__ import annotations

import dataclasses
import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from feeds.landed import Landed
from feeds.mapped import COLUMNS, FILE, HEADER, ROW, VALUES, land_mapped, mapping, table
from pipelines.feeds.mapping import fields
from pipelines.feeds.mapping.fields import Table, read_fields
from pipelines.feeds.mapping.spec import Mapping, mapping_of
from pipelines.feeds.reading.csvlines import records, split_record, unquoted
from pipelines.ingest.sources.content import FileContent
from pipelines.ingest.stage import parse_or_refuse
from pipelines.ingest.survey import survey
from pipelines.ingest.unit import WorkUnit
from pipelines.spool import Origin, UnitRange

ROWS = tuple(ROW.format(f"T{number}") for number in range(60))


def ends(landed: Landed) -> tuple[int, int, int, int]:
    """Rows in, events, rejects and rows left out."""
    (delivery,) = landed.deliveries
    assert delivery.rows_in == sum(one.rows_in for one in landed.manifests)
    return delivery.rows_in, landed.events().height, landed.rejects().height, delivery.left_out


def codes(landed: Landed) -> list[tuple[int, str]]:
    return landed.rejects().select("line_no", "reason_code").rows()  # type: ignore[return-value]


@pytest.mark.parametrize(("delimiter", "name"), [(";", ";"), ("\t", "\\t"), ("|", "|"), (",", ",")])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_delimiter_and_line_end_is_read(delimiter: str, name: str, ending: str, tmp_path: Path) -> None:
    text = table(*(row.replace("9,90", "9.90") for row in ROWS[:3])).replace(";", delimiter).replace("\n", ending)
    landed = land_mapped(
        tmp_path, text, file=f'delimiter = "{name}"\nencoding = "cp1252"', values=VALUES.replace('decimal = ","', 'decimal = "."')
    )
    assert ends(landed) == (3, 3, 0, 0) and landed.events()["source_line"].to_list() == [2, 3, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_says_the_same(encoding: str, packed: bool, tmp_path: Path) -> None:
    content = table(*(row.replace("PAR", "Zoé") for row in ROWS[:3]), ROWS[0] + ";x").encode(encoding)
    landed = land_mapped(
        tmp_path, gzip.compress(content) if packed else content, uri=f"pos/till/day.csv{'.gz' if packed else ''}",
        file=f'delimiter = ";"\nencoding = "{encoding.removesuffix("-sig")}"',
    )  # fmt: skip
    assert ends(landed) == (4, 3, 1, 0) and codes(landed) == [(5, "ragged_row")]
    assert landed.events()["location_code"].to_list() == ["Zoé"] * 3 and landed.events()["source_line"].to_list() == [2, 3, 4]


@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        (table(ROWS[0]).encode("utf-8"), "cp1252", "other_encoding"),
        (b"\xef\xbb\xbf" + table(ROWS[0]).encode("utf-8"), "iso-8859-1", "other_encoding"),
        (table(ROWS[0]).encode("utf-16"), "cp1252", "other_encoding"),
        (table(ROWS[0]).encode("utf-16-le"), "utf-16", "other_encoding"),
        (table(ROWS[0]).encode("utf-16"), "utf-16-be", "other_encoding"),
        (table(ROWS[0]).encode("cp1252"), "utf-8", "not_utf8"),
    ],
)
def test_a_file_in_another_encoding_than_stated_is_refused_whole(content: bytes, said: str, code: str, tmp_path: Path) -> None:
    landed = land_mapped(tmp_path, content, file=f'delimiter = ";"\nencoding = "{said}"')
    rows, events, rejects, _ = ends(landed)
    assert events == 0 and rows == rejects >= 1 and {code for _, code in codes(landed)} == {code}
    assert "encoding" in landed.rejects()["reason"][0]


def test_a_byte_that_is_no_character_refuses_its_line(tmp_path: Path) -> None:
    content = table(ROWS[0], ROWS[1].replace("PAR", "P\u20ac"), ROWS[2]).encode("cp1252").replace(b"P\x80", b"P\x81")
    assert codes(land_mapped(tmp_path, content)) == [(3, "not_in_encoding")]


def test_without_a_header_columns_go_by_number_or_by_given_names(tmp_path: Path) -> None:
    columns, names = COLUMNS, HEADER.split(";")
    for number, name in enumerate(names, 1):
        columns = columns.replace(f'"{name}"', str(number))
    text = "".join(f"{row}\n" for row in ROWS[:3])
    by_number = land_mapped(tmp_path / "1", text, file=FILE + "\nheader = false", columns=columns)
    by_name = land_mapped(tmp_path / "2", text, file=FILE + f"\nheader = false\nnames = {names}")
    assert ends(by_number) == (3, 3, 0, 0) and by_number.events()["source_line"].to_list() == [1, 2, 3]
    assert_frame_equal(by_number.events(), by_name.events())
    assert ends(land_mapped(tmp_path / "3", text, file=FILE + "\nheader = false", columns=columns.replace("10", "11"))) == (3, 0, 3, 0)


def test_lines_on_top_are_skipped_and_still_counted(tmp_path: Path) -> None:
    landed = land_mapped(tmp_path, "Export\n\n" + table(*ROWS[:2]), file=FILE + "\nskip_lines = 2")
    assert landed.events()["source_line"].to_list() == [4, 5]
    assert ends(land_mapped(tmp_path / "short", "Export\n", file=FILE + "\nskip_lines = 2")) == (0, 0, 0, 0)


LEAVING = '[leave_out]\nlines = ["^#", "^;*TOTAL"]\nwhere = { Type = ["PAI", ""] }'


def test_what_is_left_out_is_counted_and_moves_no_line_number(tmp_path: Path) -> None:
    rows = ["# début", ROWS[0], "", ROWS[1].replace("VTE", "PAI"), ROWS[2], ";;;;TOTAL;19,80", ROWS[3] + ";x", ";" * 9, ROWS[4], "TOTAL"]
    for number, spoil in enumerate((lambda text: text, lambda text: text.replace("ART-MUG", '"ART-MUG"', 1))):
        landed = land_mapped(tmp_path / str(number), spoil(table(*rows)), rest=LEAVING)
        assert ends(landed) == (4, 3, 1, 5)
        assert landed.events()["source_line"].to_list() == [3, 6, 10] and codes(landed) == [(8, "ragged_row")]


def test_a_file_of_nothing_but_what_is_left_out_has_no_rows(tmp_path: Path) -> None:
    assert ends(land_mapped(tmp_path, table("# nothing", "TOTAL"), rest=LEAVING)) == (0, 0, 0, 2)


def test_quoted_fields_may_hold_anything_and_end_where_they_should(tmp_path: Path) -> None:
    rows = [ROWS[0].replace("ART-MUG", '"ART-M;U""G"'), ROWS[1].replace("ART-MUG", '"ART-M\nUG"'), ROWS[2], ROWS[3].replace("PAR", '"PAR')]
    landed = land_mapped(tmp_path, table(*rows))
    assert landed.events()["item_code"].to_list() == ['M;U"G', "M\nUG", "MUG"] and landed.events()["source_line"].to_list() == [2, 3, 5]
    assert codes(landed) == [(6, "bad_quoting")]


def test_another_quote_and_none_at_all(tmp_path: Path) -> None:
    text = table(ROWS[0].replace("ART-MUG", "'ART-M;G'"), ROWS[1].replace("ART-MUG", 'ART-24"'))
    other = land_mapped(tmp_path / "1", text, file=FILE + '\nquote = "\'"')
    assert other.events()["item_code"].to_list() == ["M;G", '24"']
    none = land_mapped(tmp_path / "2", text, file=FILE + '\nquote = ""')
    assert none.events()["item_code"].to_list() == ['24"'] and codes(none) == [(2, "ragged_row")]


def test_a_last_line_without_its_end_is_refused_unless_the_mapping_says_that_it_is_whole(tmp_path: Path) -> None:
    text = table(*ROWS[:2]).removesuffix("\n")
    assert codes(land_mapped(tmp_path / "1", text)) == [(3, "unterminated_line")]
    assert ends(land_mapped(tmp_path / "2", text, file=FILE + '\nlast_line = "whole"')) == (2, 2, 0, 0)
    assert ends(land_mapped(tmp_path / "3", text + "\nTOTAL", rest=LEAVING)) == (2, 2, 0, 1)


def test_a_missing_or_doubled_column_refuses_the_file_by_name(tmp_path: Path) -> None:
    missing = land_mapped(tmp_path / "1", table(*ROWS[:2], header=HEADER.replace("Qté", "Quantité")))
    assert codes(missing) == [(2, "missing_column"), (3, "missing_column")] and missing.rejects()["reason"][0].startswith("Qté: ")
    doubled = land_mapped(tmp_path / "2", table(ROWS[0], header=HEADER.replace("Heure", "Date")), columns=COLUMNS.replace('"Heure"', "6"))
    assert codes(doubled) == [(2, "duplicate_column")]
    by_number = COLUMNS.replace('["Date", "Heure"]', "[5, 6]")
    assert ends(land_mapped(tmp_path / "3", table(ROWS[0], header=HEADER.replace("Heure", "Date")), columns=by_number)) == (1, 1, 0, 0)


def test_a_column_that_a_file_may_lack(tmp_path: Path) -> None:
    columns = COLUMNS.replace('"Prix"', '{ column = "Prix", optional = true }').replace(
        'default = "EUR"', 'default = "EUR", optional = true'
    )
    header, row = HEADER.removesuffix(";Prix;Devise"), ROWS[0].removesuffix(";9,90;EUR")
    events = land_mapped(tmp_path, table(row, header=header), columns=columns).events()
    assert events["currency_code"].to_list() == ["EUR"] and "unit_price_amount" not in events.columns


def test_a_table_of_tabs_has_blank_lines_too(tmp_path: Path) -> None:
    text = table(ROWS[0], ";" * 9, ROWS[1]).replace(";", "\t")
    landed = land_mapped(tmp_path, text, file='delimiter = "\\t"\nencoding = "cp1252"')
    assert ends(landed) == (2, 2, 0, 0) and landed.events()["source_line"].to_list() == [2, 4]


AWKWARD = table("# top", *ROWS[:20], "", ROWS[20] + ";x", *ROWS[21:40], "TOTAL;1", ROWS[40].replace("VTE", "PAI"), *ROWS[41:])


def test_a_cut_into_ranges_changes_nothing(tmp_path: Path) -> None:
    whole = land_mapped(tmp_path / "1", "Export\n" + AWKWARD, file=FILE + "\nskip_lines = 1", rest=LEAVING)
    for unit_bytes in (40, 300, 1_000):
        cut = land_mapped(
            tmp_path / str(unit_bytes), "Export\n" + AWKWARD, file=FILE + "\nskip_lines = 1", rest=LEAVING, unit_bytes=unit_bytes
        )
        assert len(cut.manifests) > 2
        assert_frame_equal(whole.events(), cut.events())
        assert_frame_equal(whole.rejects(), cut.rejects())
        assert ends(cut) == ends(whole)


def test_a_packed_file_says_what_the_plain_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = land_mapped(tmp_path / "1", AWKWARD, rest=LEAVING)
    for number, block in enumerate((30, 700)):
        monkeypatch.setattr("pipelines.ingest.stage.BLOCK_BYTES", block)
        packed = land_mapped(
            tmp_path / f"2{number}", gzip.compress(AWKWARD.encode("cp1252")), uri="pos/till/day.csv.gz", rest=LEAVING, unit_bytes=50
        )
        assert_frame_equal(plain.events(), packed.events())
        assert_frame_equal(plain.rejects(), packed.rejects())
        assert ends(packed) == ends(plain)


def test_both_ways_of_taking_a_table_apart_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    names = HEADER.split(";")
    left_out = ("# x", "TOTAL;;;;;;;;;", ROWS[1].replace("VTE", "PAI"))
    for rest, rows in (("", (ROWS[0], ROWS[2])), (LEAVING, (left_out[0], ROWS[0], *left_out[1:], ROWS[2]))):
        of_mapping = Table(names, mapping(rest=rest))
        for spoil in ("PAR;", '"PAR";', '"";', '"P R";'):
            block = "".join(f"{row}\n" for row in rows).replace("PAR;", spoil).encode()
            fast = read_fields(block, 7, of_mapping)
            assert fast.is_plain
            with monkeypatch.context() as patch:
                patch.setattr(fields, "_read_fast", lambda *_: None)
                honest = read_fields(block, 7, of_mapping)
            assert_frame_equal(fast.frame, honest.frame)
            assert (fast.left_out, fast.rejects, honest.is_plain) == (honest.left_out, honest.rejects, False)


QUOTING = st.lists(st.sampled_from(["a", ";", '"', '"', "\n", "\r\n", " "]), max_size=24).map("".join)


@settings(max_examples=400, deadline=None)
@given(QUOTING)
def test_quotes_are_taken_off_only_where_nothing_hides_in_them(text: str) -> None:
    block = text.encode() + b"\n"
    bare = unquoted(block, b";", b'"')
    if bare:  # of tables with more than one column; a line of one may be left blank
        kept = [split_record(record.decode(), ";") for _, record in records(block, 1)]
        read = [record.decode().split(";") for _, record in records(bare, 1)]
        assert [one for one in kept if len(one) > 1] == [one for one in read if len(one) > 1]


def test_a_mapping_travels_as_text_and_comes_back_the_same() -> None:
    made = mapping(rest=LEAVING + '\n[negative_quantity]\nsale = "return"', file=FILE + "\nskip_lines = 3")
    assert mapping_of(made.to_text()) == made and mapping_of(made.to_text()).reading == made.reading


def test_the_reading_is_of_the_meaning_and_of_nothing_else() -> None:
    first = mapping()
    assert mapping(top="# a remark", file='encoding = "cp1252"\ndelimiter = ";"\nheader = true').reading == first.reading
    assert mapping(values=VALUES + '\ndate = "%d/%m/%Y"').reading == first.reading  # no field of it is a day
    assert mapping(values=VALUES.replace("Paris", "Lisbon")).reading != first.reading


PIECES = ["VTE", "PAI", "PAR", "T1", "1", "02/03/2026", "18:02", "ART-MUG", "2", "9,90", "EUR", ";", ";", ";", "\n", "\n", "\r\n", "\r", '"', '"', '""',
          "\t", " ", "#", "TOTAL", "\\", "\x00", "\x1f", "é", "\u00a0", "€", "-", "\ufeff"]  # fmt: skip
FORMS = [("cp1252", '"', ""), ("utf-8", '"', LEAVING), ("cp1252", "'", LEAVING), ("utf-16-le", '"', LEAVING), ("iso-8859-15", "", "")]


@settings(max_examples=150, deadline=None)
@example([f"{ROWS[0]}\n", "\ufeff"], FORMS[1], 1, False)  # a line that is a byte order mark is a line, wherever the file is cut
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from([f"{row}\n" for row in ROWS[:4]])), max_size=60),
    st.sampled_from(FORMS),
    st.sampled_from([1, 40, 300]),
    st.booleans(),
)
def test_whatever_comes_every_row_is_accounted_for(pieces: list[str], form: tuple[str, str, str], unit_bytes: int, has_end: bool) -> None:
    encoding, quote, rest = form
    through = mapping(file=f'delimiter = ";"\nencoding = "{encoding}"\nquote = {json.dumps(quote)}', rest=rest)
    content = (HEADER + "\n" + "".join(pieces) + ("\n" if has_end else "")).encode(encoding, "replace")
    assert account_for(content, through, 8 << 20) == account_for(content, through, unit_bytes)


def account_for(content: bytes, through: Mapping, unit_bytes: int) -> list[tuple[int, str]]:
    """Line and end of every row; a unit whose rows the first pass counted otherwise would be set aside as unreadable."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_bytes(content)
        found = survey(file.name, "pos", None, unit_bytes, mapping=through)
        told: list[tuple[int, str]] = []
        origin = Origin("", "pos", "pos", "", None, "", "", units_in_delivery=1)
        for number, one in enumerate(found.ranges, 1):
            how = dataclasses.replace(found.how, is_cut=found.how.is_cut and number == len(found.ranges))
            lines = UnitRange("", one.start, one.end, one.first_line, one.rows)
            parsed = parse_or_refuse(WorkUnit(origin, lines, how, FileContent.of(file.name)), b"k" * 32)
            if parsed.events.height:
                told += [(line, "event") for line in parsed.events["source_line"]]
            told += [(line, code) for line, code, *_ in parsed.rejects.iter_rows()]
        assert "unreadable" not in {code for _, code in told}
        assert len(told) == found.rows
    return sorted(told)
