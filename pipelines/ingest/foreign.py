"""Files that are neither tables nor JSON nor EPCIS, whatever they are called: told by their first bytes, and named.

Belongs here: what such a file is called in its reason. Does not belong here: reading one.
"""

from __future__ import annotations

import re
from typing import Final

from pipelines.feeds.reading.csvlines import BOM

HEAD_BYTES: Final = 4096
"""So many bytes are enough to tell."""
_EDIFACT: Final = re.compile(rb"(?:UNA.{6}\s*)?UN[BGH][+](?:.*?UNH.[^+]*[+]([A-Z]{6}))?", re.DOTALL)
_EDIFACT_MARKS: Final = re.compile(rb"UNA.{5}.\s*UN[BGH]", re.DOTALL)
_X12: Final = re.compile(rb"(?:(?:ISA([^\w\s])[0-9]{2}\1|GS([^\w\s])[A-Z]{2}\2).*?ST[^\w\s]|ST\*)([0-9]{3})[^\w\s]", re.DOTALL)
_X12_ALONE: Final = re.compile(rb"ISA([^\w\s])[0-9]{2}\1")
_TRADACOMS: Final = re.compile(rb"STX=(?:.*?MHD=[0-9]+\+([A-Z]{3,6}))?", re.DOTALL)
_INTERCHANGES: Final = (("EDIFACT", _EDIFACT), ("X12", _X12), ("TRADACOMS", _TRADACOMS))
_SAVE_AS: Final = "save the table as CSV"
_OTHERS: Final = (
    (b"%PDF", "a PDF; ask the sender for the table behind it"),
    (b"\xd0\xcf\x11\xe0", f"an old Excel workbook (.xls); {_SAVE_AS}"),
    (b"PK\x03\x04", f"an Excel workbook or another archive; {_SAVE_AS}, or unpack it"),
    (b"PAR1", "a Parquet file; write it as CSV or JSON Lines"),
    (b"SQLite format 3", "a SQLite database; write its table as CSV"),
    (b"<!DOCTYPE html", "a web page; download the file itself"),
    (b"<html", "a web page; download the file itself"),
)


def interchange_in(head: bytes) -> str | None:
    """What kind of EDI interchange begins so, with its message; null where it is none.

    >>> interchange_in(b"UNB+UNOC:3+A+B+1:2+R'UNH+1+ORDERS:D:96A:UN'"), interchange_in(b"ISA*00* *~GS*PO~ST*850*1~"), interchange_in(b"a;b")
    ('an EDIFACT interchange (ORDERS)', 'an X12 interchange (850)', None)
    """
    head = head.removeprefix(BOM).lstrip()
    for name, form in _INTERCHANGES:
        found = form.match(head)
        if found:
            message = next((group for group in reversed(found.groups()) if group and group.isalnum()), b"").decode()
            return f"an {name} interchange".replace("an TRAD", "a TRAD") + (f" ({message})" if message else "")
    if head.startswith(b"EDI_DC"):
        return "an IDoc of SAP"
    if _EDIFACT_MARKS.match(head):
        return "an EDIFACT interchange"
    return "an X12 interchange" if _X12_ALONE.match(head) else None


def other_kind(head: bytes) -> str | None:
    """What a file is that nothing here reads, with a remedy; null where its first bytes tell nothing."""
    head = head.removeprefix(BOM).lstrip()
    for mark, title in _OTHERS:
        if head[: len(mark)].lower() == mark.lower():
            return title
    found = re.match(rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:[\w.-]+:)?([\w.-]{1,40})[\s/>]", head, re.DOTALL)
    return f"XML <{found.group(1).decode('utf-8', 'replace')}>; export it as JSON or CSV" if found else None
