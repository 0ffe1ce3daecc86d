"""A table and its mapping through the parse stage: what the tests of mappings stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from feeds.landed import Landed, land
from pipelines.feeds.mapping.check import load_mapping
from pipelines.feeds.mapping.spec import Mapping

HEADER: Final = "Type;Magasin;Ticket;Ligne;Date;Heure;Article;Qté;Prix;Devise"
ROW: Final = "VTE;PAR;{0};1;02/03/2026;18:02;ART-MUG;2;9,90;EUR"
FILE: Final = 'delimiter = ";"\nencoding = "cp1252"'
VALUES: Final = 'decimal = ","\ndatetime = "%d/%m/%Y %H:%M"\ntime_zone = "Europe/Paris"'
COLUMNS: Final = """\
event_kind = { column = "Type", map = { VTE = "sale", RET = "return" } }
location_code = "Magasin"
document_id = "Ticket"
document_line = "Ligne"
occurred_at = { columns = ["Date", "Heure"] }
item_code = { column = "Article", strip_prefix = "ART-" }
quantity = "Qté"
unit_price_amount = "Prix"
currency_code = { column = "Devise", default = "EUR" }
"""


def mapping_text(
    *, file: str = FILE, values: str = VALUES, columns: str = COLUMNS, rest: str = "", feed: str = "pos", top: str = ""
) -> str:
    """A mapping of a French till, or another one by its parts."""
    return f'feed = "{feed}"\n{top}\n[file]\n{file}\n[values]\n{values}\n[columns]\n{columns}\n{rest}\n'


def mapping(**parts: str) -> Mapping:
    """The same, checked."""
    made = load_mapping(mapping_text(**parts).encode(), "mapping.toml", parts.get("feed", "pos"))
    assert made is not None
    return made


def put(root: Path, uri: str, content: bytes | str) -> Path:
    """Write a file under a landing folder, text in Windows-1252."""
    path = root / uri
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("cp1252") if isinstance(content, str) else content)
    return path


def land_mapped(tmp_path: Path, content: bytes | str, *, uri: str = "pos/till/day.csv", unit_bytes: int = 8 << 20, **parts: str) -> Landed:
    """Take one table beside its mapping into a home under `tmp_path`."""
    put(tmp_path / "landing", uri, content)
    put(tmp_path / "landing", f"{uri.rpartition('/')[0]}/mapping.toml", mapping_text(**parts).encode())
    return land(tmp_path / "home", tmp_path / "landing", unit_bytes=unit_bytes)


def table(*rows: str, header: str = HEADER) -> str:
    """A header and rows as text."""
    return "".join(f"{line}\n" for line in (header, *rows))
