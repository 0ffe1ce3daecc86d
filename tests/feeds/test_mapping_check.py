"""What is wrong with a mapping is told by its key, what stands there, and what to do."""

from __future__ import annotations

import re

import pytest

from feeds.mapped import COLUMNS, FILE, VALUES, mapping, mapping_text
from pipelines.errors import UserError
from pipelines.feeds.mapping.check import load_mapping

WITHOUT_QUANTITY = COLUMNS.replace('quantity = "Qté"\n', "")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"file": 'delimeter = ";"'}, r"file\.delimeter ';': there is no such key here; did you mean delimiter\?"),
        ({"file": 'delimiter = "::"'}, r"file\.delimiter '::': one of ',', ';', '\|', '\\t'"),
        ({"file": 'encoding = "latin9"'}, r"file\.encoding 'latin9': one of 'utf-8', 'cp1252'"),
        ({"file": 'quote = "q"'}, r"file\.quote 'q': one of"),
        ({"file": "skip_lines = -1"}, r"file\.skip_lines -1: a whole number from 0 to 1000"),
        ({"file": "skip_lines = true"}, r"file\.skip_lines True"),
        ({"file": "header = 0"}, r"file\.header 0: true or false"),
        ({"file": 'names = ["a"]'}, r"file\.names \('a',\): the header names the columns"),
        ({"file": 'last_line = "accept"'}, r"file\.last_line 'accept': one of 'refuse', 'whole'"),
        ({"file": FILE + "\nheader = false"}, r"columns\.\w+\.columns? 'Type': a table without a header has numbers"),
        ({"file": FILE + '\nheader = false\nnames = ["Typ", "Magasin"]'}, r"column 'Type': no column of file\.names; did you mean Typ\?"),
        ({"values": 'decimal = ";"'}, r"values\.decimal ';': one of '\.', ','"),
        ({"values": 'decimal = ","\nthousands = [",", "."]'}, r"values\.thousands ',': this is already the decimal mark"),
        ({"values": 'thousands = "_"'}, r"values\.thousands '_': thousands are separated by one of"),
        ({"values": VALUES.replace("Paris", "Pari")}, r"values\.time_zone 'Europe/Pari': no time zone has this name"),
        ({"values": 'datetime = "dd/mm/yyyy"'}, r"values\.datetime 'dd/mm/yyyy': a day needs %d, %m"),
        ({"values": 'datetime = "%d/%m/%Y %Hh%Q"'}, r"%Q is not read here"),
        ({"values": 'datetime = "%d/%m/%Y"'}, r"columns\.occurred_at\.format '%d/%m/%Y': it has no time of day; add %H:%M, or say time"),
        ({"columns": COLUMNS.replace("quantity", "qantity")}, r"columns\.qantity: pos has no such field; did you mean quantity\?"),
        ({"columns": WITHOUT_QUANTITY}, r"columns\.quantity: it is missing, and pos needs it"),
        ({"columns": COLUMNS + 'customer_id = "A"\ncustomer_key = "B"'}, r"columns\.customer_key: customer_key is given twice"),
        ({"columns": COLUMNS.replace('"sale"', '"sal"')}, r"columns\.event_kind 'sal': no event kind of pos; did you mean sale\?"),
        ({"columns": COLUMNS.replace('"EUR"', '"EURO"')}, r"columns\.currency_code 'EURO': the currency is not in ISO 4217"),
        ({"columns": WITHOUT_QUANTITY + "quantity = 1.5"}, r"columns\.quantity 1\.5: a column, or"),
        ({"columns": WITHOUT_QUANTITY + "quantity = 0"}, r"columns\.quantity\.column 0: a column is named by"),
        ({"columns": WITHOUT_QUANTITY + "quantity = { value = 1 }"}, r"columns\.quantity\.value 1: a text; write \"1\""),
        ({"columns": WITHOUT_QUANTITY + 'quantity = { colunm = "Qté" }'}, r"columns\.quantity\.colunm 'Qté': there is no such key here; did you mean column\?"),
        ({"columns": WITHOUT_QUANTITY + 'quantity = { column = "Qté", value = "1" }'}, r"columns\.quantity: it takes one of column, columns, value, first_of"),
        ({"columns": WITHOUT_QUANTITY + 'quantity = { columns = [] }'}, r"columns\.quantity\.columns \[\]: a list of columns"),
        ({"columns": WITHOUT_QUANTITY + 'quantity = { column = "Qté", format = "%d/%m/%Y" }'}, r"columns\.quantity\.format: quantity is not a time"),
        ({"columns": WITHOUT_QUANTITY + 'quantity = { column = "Qté", map = { a = 1 } }'}, r"columns\.quantity\.map .*a table of texts"),
        ({"columns": COLUMNS + 'reason_code = "Nom du client"'}, r"reason_code\.column 'Nom du client': its name suggests personal data"),
        ({"columns": COLUMNS + 'due_at = { column = "X", format = "%d/%m/%Y", time = "noon" }'}, r"columns\.due_at\.time 'noon': a time of day"),
        ({"rest": '[leave_out]\nlines = ["(" ]'}, r"leave_out\.lines '\(': no regular expression"),
        ({"rest": '[leave_out]\nlines = ["#*"]'}, r"leave_out\.lines '#\*': it matches every line"),
        ({"rest": '[leave_out]\nwhere = { Type = 1 }'}, r"leave_out\.where\.Type 1: a value or a list of values"),
        ({"rest": '[negative_quantity]\nsale = "refund"'}, r"negative_quantity 'refund': no event kind of pos"),
        ({"rest": "[value]\n"}, r"value \{\}: there is no such key here; did you mean values\?"),
        ({"top": 'unmapped = "keep"'}, r"unmapped 'keep': \"extra\", \"drop\", or a list"),
        ({"feed": "wms"}, r"feed 'wms': the mapping is in the folder of pos; put it under landing/wms/"),
        ({"feed": "till"}, r"feed 'till': one of 'pos'"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_key_value_and_remedy(parts: dict[str, str], told: str) -> None:
    with pytest.raises(UserError) as error:
        load_mapping(mapping_text(**parts).encode(), "pos/till/mapping.toml", "pos")
    assert re.search(told, error.value.what), error.value.what
    assert error.value.where == "pos/till/mapping.toml"


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(UserError) as error:
        mapping(file='delimiter = "x"', values='decimal = "x"', columns=WITHOUT_QUANTITY)
    assert error.value.what.count(";") >= 2 and all(
        key in error.value.what for key in ("file.delimiter", "values.decimal", "columns.quantity")
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"feed = ", "it is not TOML: "),
        (b'feed = "pos"\nfeed = "pos"', "it is not TOML: "),
        ('feed = "é"'.encode("cp1252"), "it is not UTF-8; save it as UTF-8"),
        (b"#" * (1 << 20) + b"x", "longer than 1 MiB"),
        (b"", "feed: it is missing; say one of pos"),
        (b'feed = "pos"\nfile = 3', r"file 3: a table: [file]"),
    ],
)
def test_what_is_no_mapping_at_all_is_told_too(content: bytes, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        load_mapping(content, "mapping.toml", "pos")


def test_tag_reads_have_no_tables() -> None:
    with pytest.raises(UserError, match="tag reads are EPCIS events"):
        load_mapping(b'feed = "rfid"', "mapping.toml", "rfid")


def test_reference_says_its_columns_by_entity() -> None:
    text = 'feed = "reference"\n[columns.items]\nitem_code = "Code"\nunit_cost_amount = "PA"\n[columns.terms]\nsupplier_code = "F"\n'
    assert load_mapping(text.encode(), "mapping.toml", "reference", "locations") is None
    made = load_mapping(text.encode(), "mapping.toml", "reference", "items")
    assert made is not None and [field for field, _ in made.columns] == ["item_code", "unit_cost_amount"]
    with pytest.raises(UserError, match=r"columns\.terms\.item_code: it is missing, and terms needs it"):
        load_mapping(text.encode(), "mapping.toml", "reference", "terms")
    with pytest.raises(UserError, match=r"columns\.item: reference has no such entity; did you mean items\?"):
        load_mapping(b'feed = "reference"\n[columns.item]\nitem_code = "Code"\n', "mapping.toml", "reference", "items")


@pytest.mark.parametrize("feed", ["wms", "marketplace", "supply"])
def test_every_feed_of_lines_can_be_mapped(feed: str) -> None:
    from pipelines.feeds.parse import required_columns

    columns = "\n".join(f'{name} = "{name}"' for name in required_columns(feed, None))
    made = load_mapping(f'feed = "{feed}"\n[columns]\n{columns}\n'.encode(), "mapping.toml", feed)
    assert made is not None and len(made.columns) == len(required_columns(feed, None))
