"""Tags of EPCIS in the ledger: each is a sub-row of its event, with its item, however the tag is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

from feeds.landed import AS_OF, SAMPLES
from pipelines import stages
from pipelines.settings import Home, Settings

TAGS = {
    "urn:epc:id:sgtin:3600529.000001.1001": ("https://id.gs1.org/01/03600529000016/21/1001", "03600529000016"),
    "https://id.gs1.org/01/03600529000016/21/1003": ("https://id.gs1.org/01/03600529000016/21/1003", "03600529000016"),
    "https://shop.example.com/some/gtin/03600529000016/ser/1.4": ("https://id.gs1.org/01/03600529000016/21/1.4", "03600529000016"),
    "https://id.gs1.org/01/03600529000016/10/L9/21/1001": ("https://id.gs1.org/01/03600529000016/21/1001", "03600529000016"),
    "urn:epc:tag:sgtin-96:3.3600529.000001.1001": ("https://id.gs1.org/01/03600529000016/21/1001", "03600529000016"),
    "3074DBC244000040000003E9": ("https://id.gs1.org/01/03600529000016/21/1001", "03600529000016"),
    "urn:epc:raw:96.x3174B7DBE400000001000000": ("https://id.gs1.org/00/030123450000000017", None),
    "urn:epc:id:sscc:3012345.0000000001": ("https://id.gs1.org/00/030123450000000017", None),
    "https://id.gs1.org/00/030123450000000017": ("https://id.gs1.org/00/030123450000000017", None),
}


def test_a_tag_is_one_in_every_spelling_and_has_its_item(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "reference", tmp_path / "landing" / "reference")
    (tmp_path / "landing" / "rfid").mkdir()
    event = {
        "type": "ObjectEvent", "eventID": "urn:uuid:1", "action": "OBSERVE", "eventTime": "2026-03-08T07:30:00+01:00", "eventTimeZoneOffset": "+01:00",
        "bizLocation": {"id": "urn:epc:id:sgln:3012345.00002.0"},
    }  # fmt: skip
    weighed = {
        **event,
        "eventID": "urn:uuid:2",
        "quantityList": [{"epcClass": "urn:epc:class:lgtin:3600529.000001.L1", "quantity": 2.5, "uom": "KGM"}],
    }
    lines = [{**event, "epcList": list(TAGS)}, weighed]
    (tmp_path / "landing" / "rfid" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    home = Home(tmp_path / "home")
    stages.ingest(home, tmp_path / "landing", clock=lambda: AS_OF, engine="direct", settings=Settings(settle_seconds=0))

    tables = json.loads((home.ledger / "current.json").read_text())["tables"]

    def files(name: str) -> list[str]:
        return [str(home.ledger / file["path"]) for file in tables[name]["files"]]

    with duckdb.connect() as con:
        con.execute(f"create view events as from read_parquet({files('events')})")
        con.execute(f"create view items as from read_parquet({files('items')})")
        read = con.execute(
            "select epc, gtin, units from events left join items using (item_id) where feed = 'rfid' and epc is not null"
        ).fetchall()
        measured = con.execute("select units, extra from events where feed = 'rfid' and epc is null").fetchall()
    assert sorted(((epc, gtin) for epc, gtin, _ in read), key=str) == sorted(set(TAGS.values()), key=str)
    assert {units for _, gtin, units in read if gtin} == {1}
    # what was only weighed is no number of pieces and is not rounded to one; its weight is kept
    assert [(units, json.loads(extra)["quantityList"][0]["quantity"]) for units, extra in measured] == [(None, "2.5")]
