"""A newcomer's French till and ERP reach a reorder list by the commands of the walk, as they are written, with no row lost."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import shlex
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.cli.main import call

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "pipelines" / "feeds" / "README.md").read_text(encoding="utf-8")
WALK = re.search(r"### From a French till.*?```console\n(.*?)```(.*?)\n## ", PAGE, re.DOTALL)
ITEMS = (("TASSE-B", "9,90"), ("THÉ-V", "1.204,50"), ("CAFÉ-1", "4,25"))
AS_OF = "2026-03-06T05:00Z"


def put(folder: Path, name: str, *rows: tuple[str, ...]) -> None:
    """A table as the French edition of a spreadsheet saves it."""
    (folder / name).write_bytes("".join(";".join(row) + "\r\n" for row in rows).encode("cp1252"))


def sales() -> list[tuple[str, ...]]:
    """Sixty days of tickets of two shops; the same line twice is two of the article scanned one by one."""
    rows: list[tuple[str, ...]] = []
    dice = random.Random(3)
    for number in range(360):
        day, shop = date(2026, 1, 5) + timedelta(number // 6), ("PARIS", "LYON")[number % 2]
        ticket = (f"{1000 + number}", f"{day:%d/%m/%Y}", f"{9 + number % 6}:14", shop)
        for item, price in ITEMS:
            rows += [(*ticket, item, f'"Article ""{item}""; net"', "1", price, "Anne")] * dice.choice((0, 1, 1, 2))
    return rows


@pytest.mark.timeout(900)
def test_a_french_till_reaches_a_list_of_orders_in_eight_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WALK is not None
    commands = [line.removeprefix("$ ") for line in WALK.group(1).splitlines()]
    assert len(commands) <= 8
    tickets = sales()
    assert len(set(tickets)) < len(tickets)
    put(tmp_path, "ventes.csv", ("N° ticket", "Date", "Heure", "Magasin", "Réf. article", "Libellé", "Qté", "PU TTC", "Caissier"), *tickets)
    put(tmp_path, "articles.csv", ("Code article", "Désignation", "Famille", "Prix achat HT", "Prix vente TTC", "Unité"),
        *((item, item.title(), "Épicerie", "3,12345", price, "EA") for item, price in ITEMS))  # fmt: skip
    put(tmp_path, "magasins.csv", ("Code magasin", "Nom", "Type", "Pays", "Fuseau horaire"), ("PARIS", "Paris Opéra", "Magasin", "FR", "Europe/Paris"),
        ("LYON", "Lyon", "Boutique", "FR", "Europe/Paris"))  # fmt: skip
    put(tmp_path, "fournisseurs.csv", ("Code", "Raison sociale", "Pays"), ("ACMÉ", "Société Acmé", "FR"))
    put(
        tmp_path,
        "conditions.csv",
        ("Fournisseur", "Article", "Délai (jours)", "Mini", "PCB", "Prix"),
        *(("ACMÉ", item, "7", "6", "6", "3,1") for item, _ in ITEMS),
    )
    stock = re.search(r"```toml\n(.*?)```", WALK.group(2), re.DOTALL)
    assert stock is not None
    (tmp_path / "data/landing/wms/erp").mkdir(parents=True)
    (tmp_path / "data/landing/wms/erp/mapping.toml").write_text(stock.group(1), encoding="utf-8")
    shelves = [(shop, item) for shop in ("PARIS", "LYON") for item, _ in ITEMS]
    rows = ["Magasin;Article;Stock;Date", *(f"{shop};{item};190;05/01/2026" for shop, item in shelves)]
    (tmp_path / "data/landing/wms/erp/stock.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = [run(command) for command in commands]
    assert "would be refused 0" in shown[5] and "every line is one of its own" in shown[5]
    assert "to order at 2 locations" in shown[7]
    counted = ask("select sum(rows_in)::int as rows_in, sum(accepted)::int as accepted from ops.deliveries")
    assert counted == [{"rows_in": len(tickets) + 15, "accepted": len(tickets) + 15}]
    assert ask("select sum(on_hand_units)::int as units from stock.on_hand") == [{"units": 190 * len(shelves) - len(tickets)}]
    listed = ask("select item_code from plan.reorder_proposals join core.dim_item using (item_id)")
    assert {row["item_code"] for row in listed} == {item for item, _ in ITEMS}


def ask(query: str) -> list[dict[str, object]]:
    """Rows of the published tables."""
    rows: list[dict[str, object]] = json.loads(run(f'parstock sql --json "{query}"'))
    return rows


def run(command: str) -> str:
    """What a command of the walk prints; those that work with the clock stand at one instant."""
    if not command.startswith("parstock "):
        subprocess.run(["bash", "-c", command], check=True)
        return ""
    line, _, target = command.partition(" > ")
    if target:
        Path(target).write_bytes(b"")  # as a shell does before the command begins
    words = shlex.split(line)[1:]
    if words[0] in ("run", "plan") and "--as-of" not in words:
        words += ["--as-of", AS_OF]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = call(words)
    assert code == (1 if target else 0), (command, printed.getvalue())
    if target:
        Path(target).write_text(printed.getvalue(), encoding="utf-8")
    return printed.getvalue()
