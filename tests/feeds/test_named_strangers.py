"""What cannot be read is named: EDI by its content, webhooks by what they are about, and each part of a bad event by its field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from feeds.landed import land_file
from feeds.mapped import land_mapped
from pipelines.cli.main import call
from pipelines.feeds.adapters.registry import adapter_for
from pipelines.feeds.reading.rows import Refused

EDIFACT = (
    "UNA:+.? 'UNB+UNOC:3+4012345000009:14+4300001000005:14+260302:0900+77'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+PO-1+9'UNT+3+1'UNZ+1+77'"
)
X12 = "ISA*00*          *00*          *01*000111222      *ZZ*SHOP           *260302*0900*U*00401*000000077*0*P*>~GS*PO*A*B*20260302*0900*1*X*004010~ST*850*0001~"


@pytest.mark.parametrize(
    "uri",
    ["supply/acme/a.edi", "supply/acme/a.csv", "pos/a.jsonl", "marketplace/a.json", "rfid/a.xml", "reference/items.csv", "supply/a.txt"],
)
@pytest.mark.parametrize(
    ("content", "title"),
    [
        (EDIFACT, "an EDIFACT interchange (ORDERS)"),
        (EDIFACT[9:].replace("'", "'\r\n"), "an EDIFACT interchange (ORDERS)"),
        (EDIFACT[9:].replace("ORDERS", "DESADV"), "an EDIFACT interchange (DESADV)"),
        (X12, "an X12 interchange (850)"),
        ("\ufeff" + X12.replace("*", "|").replace("~", "\n"), "an X12 interchange (850)"),
        ("ST*856*0001~BSN*00*1~", "an X12 interchange (856)"),
        ("EDI_DC40  8000000000012345677740 3012  ORDERS05\n", "an IDoc of SAP"),
        ("STX=ANA:1+:SHOP+:ACME+260302+R'\nMHD=1+ORDHDR:9'\n", "a TRADACOMS interchange (ORDHDR)"),
    ],
)  # fmt: skip
def test_an_interchange_is_named_whatever_its_file_is_called(uri: str, content: str, title: str, tmp_path: Path) -> None:
    landed = land_file(tmp_path, uri, content)
    (found,) = landed.rejects().select("reason_code", "reason").rows()
    assert found[0] == "interchange" and found[1].startswith(f"{title}: "), found
    assert "convert" in found[1]


def test_an_interchange_beside_a_mapping_is_named_too_and_a_table_that_begins_alike_is_read(tmp_path: Path) -> None:
    assert land_mapped(tmp_path / "1", EDIFACT).rejects()["reason_code"].to_list() == ["interchange"]
    head = "ST,event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity\n850,sale,PAR,T,1,2026-03-02T10:00:00Z,MUG,1\n"
    assert land_file(tmp_path / "2", "pos/a.csv", head).events().height == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("orders.xml", b"<?xml version=\"1.0\"?><prestashop xmlns:xlink=\"x\"><orders/></prestashop>", "XML <prestashop>; export it as JSON or CSV"),
        ("orders.xlsx", b"PK\x03\x04\x00", "an Excel workbook or another archive; save the table as CSV"),
        ("orders.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook (.xls); save the table as CSV"),
        ("orders.pdf", b"%PDF-1.7", "a PDF; ask the sender"),
        ("orders.parquet", b"PAR1\x15", "a Parquet file; write it as CSV"),
        ("orders.htm", b"<!doctype HTML><html>", "a web page; download the file itself"),
        ("orders.csv", b"PK\x03\x04\x14;\n", "an Excel workbook or another archive; save the table as CSV"),
        ("orders.json", b"%PDF-1.7\n", "a PDF; ask the sender"),
        ("orders.jsonl", b"<?xml version=\"1.0\"?><orders/>", "XML <orders>; export it as JSON or CSV"),
        ("orders.csv", b"<html><table>", "a web page; download the file itself"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named_with_what_to_do(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (reason,) = land_file(tmp_path, f"marketplace/{name}", content).rejects()["reason"]
    assert reason.startswith(told)


def test_a_text_file_without_a_mapping_is_told_of_one(tmp_path: Path) -> None:
    (reason,) = land_file(tmp_path, "pos/day.txt", "a;b\n1;2\n").rejects()["reason"]
    assert "mapping.toml" in reason and ".txt" in reason


def gid(kind: str) -> str:
    """A global id of Shopify."""
    return f"gid://shopify/{kind}/1"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"fulfillment_order": {"id": gid("FulfillmentOrder"), "status": "open"}, "message": "x"}, "Shopify fulfillment order"),
        ({"destination_location_id": gid("Location"), "moved_fulfillment_order": {"id": gid("FulfillmentOrder")}}, "Shopify fulfillment order"),
        ({"fulfillment_order_splits": [{"fulfillment_order": {"id": gid("FulfillmentOrder")}}]}, "Shopify fulfillment order"),
        ({"fulfillment_order_merges": [{"merge_intents": [{"fulfillment_order_id": gid("FulfillmentOrder")}]}]}, "Shopify fulfillment order"),
        ({"reverse_delivery": {"id": gid("ReverseDelivery")}}, "Shopify reverse delivery"),
        ({"admin_graphql_api_id": gid("BulkOperation"), "completed_at": "2026-03-02"}, "Shopify bulk operation"),
        ({"admin_graphql_api_customer_kept_id": gid("Customer"), "status": "done"}, "Shopify customer"),
        ({"app_subscription": {"admin_graphql_api_id": gid("AppSubscription"), "name": "x"}}, "Shopify app subscription"),
        ({"customerId": gid("Customer"), "tags": ["a"], "occurredAt": "2026-03-02"}, "Shopify removal of tags or of a member"),
        ({"id": 1, "token": "t", "line_items": [], "updated_at": "x", "created_at": "x", "note": None}, "Shopify cart (no order yet)"),
        ({"id": 1, "token": "t", "cart_token": "c", "line_items": []}, "Shopify checkout (no order yet)"),
        ({"id": 1, "presentment_currency": "EUR", "buyer_accepts_sms_marketing": False}, "Shopify checkout (no order yet)"),
        ({"risk_level": "medium", "order_id": None, "admin_graphql_api_order_id": None}, "Shopify assessment of an order's risk"),
        ({"shop_id": 1, "shop_domain": "a.example", "customer": {"id": 1}}, "Shopify request about somebody's data"),
        ({"id": 1, "myshopify_domain": "a.example", "plan_name": "x"}, "Shopify shop"),
        ({"product_listing": {"product_id": 1}}, "Shopify product listing"),
        ({"customer_id": 1, "email_address": "a@example.org", "email_marketing_consent": {}}, "Shopify consent of a customer"),
        ({"id": 1}, "notice that something was deleted (nothing but its id, as web shops send it)"),
    ],
)  # fmt: skip
def test_the_body_of_a_webhook_is_named_by_what_it_is_about(body: dict[str, Any], title: str) -> None:
    with pytest.raises(Refused) as refused:
        adapter_for(body, "marketplace")
    assert (refused.value.code, refused.value.field) == ("unusable_document", title)


def test_a_document_of_no_known_kind_is_told_how_it_can_be_read(tmp_path: Path) -> None:
    (reason,) = land_file(tmp_path, "marketplace/a.json", '{"orders_of": "somebody", "rows": []}').rejects()["reason"]
    assert "mapping.toml" in reason and "--try" in reason and "--format" in reason


@pytest.mark.parametrize(
    ("document", "title"),
    [
        ({"value": [{"entryNumber": 7, "entryType": "Sale", "documentType": "_x0020_", "postingDate": "2026-03-02"}]}, "Business Central item ledger entry"),
        ({"orders": [{"order_id": "1-A", "order_lines": [], "created_date": "2026-03-02"}], "total_count": 1}, "Mirakl order"),
        ({"orders": [{"id": "1", "line_items": [], "location_id": "L", "total_money": {}}], "errors": [{"code": "x", "category": "y"}]}, "Square order"),
        ({"@attributes": {"count": "1"}, "Sale": {"saleID": "7", "shopID": "1"}}, "Lightspeed sale (R-Series)"),
        ({"id": "1", "organizationId": "o", "productId": "T", "quantities": {"pos": {"inbound": 1}}}, "Dynamics 365 change of stock on hand"),
        ({"jsonrpc": "2.0", "id": 1, "result": [{"id": 1}]}, "Odoo answer"),
    ],
)  # fmt: skip
def test_a_document_of_a_system_without_an_adapter_is_named_and_drafted(
    document: dict[str, Any], title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (reason,) = land_file(tmp_path, "marketplace/a.json", json.dumps(document)).rejects()["reason"]
    assert reason.startswith(f"{title}: no adapter reads") and "mapping.toml" in reason
    path = tmp_path / "marketplace" / "shop" / "a.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    assert call(["ingest", "--try", str(path)]) == 1
    assert "A draft of mapping.toml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("document", "title"),
    [
        ({"$schema": "x", "type": "object"}, "JSON Schema"),
        ({"@context": {"a": "b"}}, "JSON-LD context"),
        ({"Type": "M", "Name": "M_850", "Content": []}, "EDI message written as JSON (M_850)"),
    ],
)
@pytest.mark.parametrize("feed", ["marketplace", "rfid"])
def test_what_describes_documents_is_none(feed: str, document: dict[str, Any], title: str, tmp_path: Path) -> None:
    (reason,) = land_file(tmp_path, f"{feed}/a.json", json.dumps(document)).rejects()["reason"]
    assert reason.startswith(title)


# ---- EPCIS -----------------------------------------------------------------------------------------------------

TIME = "<eventTime>2026-03-08T07:30:00+01:00</eventTime><eventTimeZoneOffset>+01:00</eventTimeZoneOffset>"
PLACE = "<bizLocation><id>urn:epc:id:sgln:3012345.00002.0</id></bizLocation>"
EPCS = "<epcList><epc>urn:epc:id:sgtin:3600529.000001.1</epc></epcList>"
BARE = f"{TIME}{EPCS}<action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:receiving</bizStep>{PLACE}"
JSON_EVENT: dict[str, Any] = {
    "type": "ObjectEvent", "eventTime": "2026-03-08T07:30:00+01:00", "eventTimeZoneOffset": "+01:00", "action": "OBSERVE", "bizStep": "receiving",
    "epcList": ["urn:epc:id:sgtin:3600529.000001.1"], "bizLocation": {"id": "urn:epc:id:sgln:3012345.00002.0"},
}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        f"<ObjectEvent>{BARE}</ObjectEvent>",
        f'<?xml version="1.0"?>\n<!-- sent by hand -->\n<e:ObjectEvent xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0">{BARE}</e:ObjectEvent>',
        f"<EventList><ObjectEvent>{BARE}</ObjectEvent></EventList>",
        f"<EPCISBody><EventList><ObjectEvent>{BARE}</ObjectEvent></EventList></EPCISBody>",
    ],
    ids=["bare", "with a prefix", "a list", "a body"],
)
def test_an_event_in_xml_without_a_document_is_the_event_that_it_is_in_json(content: str, tmp_path: Path) -> None:
    found = land_file(tmp_path / "1", "rfid/a.xml", content)
    assert found.rejects().height == 0
    wanted = land_file(tmp_path / "2", "rfid/a.json", json.dumps(JSON_EVENT))
    assert (
        found.events().select("key_hi", "key_lo", "payload_hash").rows()
        == wanted.events().select("key_hi", "key_lo", "payload_hash").rows()
    )


def test_a_bare_event_that_is_wrong_is_refused_by_its_field(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "rfid/a.xml", f"<ObjectEvent>{BARE.replace('OBSERVE', 'LOOK')}</ObjectEvent>")
    assert landed.rejects()["reason"].to_list() == ["action 'LOOK': the action must be ADD, OBSERVE or DELETE"]


def test_the_report_of_a_capture_is_named(tmp_path: Path) -> None:
    (reason,) = land_file(tmp_path, "rfid/a.xml", "<EPCISCaptureJob><running>true</running></EPCISCaptureJob>").rejects()["reason"]
    assert reason.startswith("EPCIS capture job")


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"certificationInfo": [{"gs1:CertificationDetails": {"a": "b"}}]}, "certificationInfo", "a URI or a list of URIs"),
        ({"certificationInfo": 5}, "certificationInfo", "a URI or a list of URIs"),
        ({"readPoint": {"name": "gate"}}, "readPoint.id", "must be a URI"),
        ({"bizTransactionList": [{"type": "po"}]}, "bizTransactionList[0].bizTransaction", "must be a URI"),
        ({"sourceList": [{"type": "location", "source": ["x"]}]}, "sourceList[0].source", "must be a URI"),
        ({"quantityList": ["urn:epc:class:lgtin:3600529.000002.L1"]}, "quantityList[0]", "an object with fields"),
        ({"sensorElementList": [{"sensorMetadata": "x", "sensorReport": []}]}, "sensorElementList[0].sensorMetadata", "an object with fields"),
        ({"sensorElementList": [{"sensorReport": ["x"]}]}, "sensorElementList[0].sensorReport[0]", "an object with fields"),
        ({"ilmd": "x"}, "ilmd", "an object with fields"),
        ({"epcList": "urn:epc:id:sgtin:3600529.000001.1"}, "epcList", "a list is expected"),
        ({"persistentDisposition": {"kept": ["active"]}}, "persistentDisposition.kept", "Core Business Vocabulary"),
        ({"bizStep": ["receiving"]}, "bizStep", "text or a number is expected"),
    ],
)  # fmt: skip
def test_each_part_of_an_event_that_is_wrong_is_named_with_what_was_expected(
    change: dict[str, Any], field: str, expected: str, tmp_path: Path
) -> None:
    body = {"type": "EPCISDocument", "epcisBody": {"eventList": [JSON_EVENT | change]}}
    (reason,) = land_file(tmp_path, "rfid/a.json", json.dumps(body)).rejects()["reason"]
    named, _, told = reason.partition(": ")
    assert named.split(" ")[0] == f"epcisBody.eventList[0].{field}" and expected in told, reason
