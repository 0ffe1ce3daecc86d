"""Reference data with history, and the calendar: versions as known when, units and packs, merged items, days."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any, Final

import pytest

from pipelines.owner.reference.versions import BEGINNING, END, Version, holding
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

DAY_US: Final = 86_400_000_000
START: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def day(number_of: int | None) -> str | None:
    """The instant of a day's number, as text."""
    return None if number_of is None else (START + dt.timedelta(days=number_of)).isoformat()


def random_versions(seed: int) -> list[tuple[int, int | None, int | None]]:
    """(known, valid_from, valid_to) of one item's versions, in days: backdated, ended, of one start."""
    chance = random.Random(seed)
    known = sorted(chance.sample(range(40), chance.randint(1, 6)))
    made = []
    for number_of, at in enumerate(known):
        start = None if number_of == 0 or chance.random() < 0.3 else chance.randrange(0, 30, 3)
        made.append((at, start, chance.choice([None, None, None, 20, 33])))
    return made


ITEMS: Final = {f"R{seed}": random_versions(seed) for seed in range(40)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("reference")
    ledger = SmallLedger(home)
    for code, versions in ITEMS.items():
        for version_no, (known, valid_from, valid_to) in enumerate(versions, start=1):
            ledger.item(code, item_name=f"{code} as of {version_no}", version_no=version_no, known_at=day(known), valid_from=day(valid_from),
                        valid_to=day(valid_to))  # fmt: skip
    ledger.item("MUG", gtin="03600529000023", weight_grams=340, launched_on="1998-09-01")
    ledger.item("CUP")
    ledger.item("POT")
    ledger.item("CASE", base_uom_code="CS")
    ledger.location("DC", location_kind="dc", opening_hours="Mo-Fr 06:00-22:00", capacity_units=250_000)
    ledger.supplier("SUP")
    ledger.terms("SUP", "MUG", known_at=day(0), version_no=1, valid_from=day(5), lead_time_days=4)
    ledger.terms("SUP", "MUG", known_at=day(10), version_no=2, valid_from=day(12), lead_time_days=6)

    def add(table: str, **row: Any) -> None:
        ledger.add(table, **{"known_at": day(0), "version_no": 1} | row)

    def unit(item: str | None, code: str, numerator: int, denominator: int, gtin: str | None = None) -> None:
        add(
            "uoms",
            item_id=number(item) if item else None,
            item_code=item or "*",
            uom_code=code,
            numerator=numerator,
            denominator=denominator,
            gtin=gtin,
        )

    unit("MUG", "CS", 6, 1, "13600529000020")
    unit("MUG", "DZ", 10, 1)
    unit(None, "DZ", 12, 1)
    unit(None, "HALF", 1, 2)

    def related(item: str, other: str, kind: str, version_no: int = 1, **row: Any) -> None:
        add("relations", item_id=number(item), related_item_id=number(other), item_code=item, related_item_code=other, relation_kind=kind,
            **{"valid_from": day(1), "version_no": version_no} | row)  # fmt: skip

    related("CUP", "POT", "merge")
    related("POT", "MUG", "merge")
    related("CASE", "MUG", "merge")
    related("R0", "R1", "merge")
    related("R0", "R1", "merge", version_no=2, known_at=day(3), valid_to=day(1))
    related("R2", "R3", "merge")
    related("R3", "R2", "merge")
    related("MUG", "R4", "successor", valid_from="2027-01-01T00:00:00+00:00")
    for member in ("MUG", "POT"):
        add("segments", segment_code="FOCUS", segment_name="Focus", member_kind="item", member_id=number(member), member_code=member,
            valid_to=day(2) if member == "POT" else None)  # fmt: skip
    add(
        "calendars",
        calendar_code="fr",
        day_kind="school_holiday",
        zone="C",
        starts_on="2026-05-04",
        ends_on="2026-05-10",
        period_name="Pont",
    )
    add("calendars", calendar_code="shops", day_kind="closed", zone="*", starts_on="2026-05-01", period_name="1er mai")
    add("reasons", event_kind="adjust", reason_code="damage", reason_name="Damaged", reason_group="loss", is_demand=False)
    add(
        "bom",
        kit_item_id=number("CASE"),
        component_item_id=number("MUG"),
        kit_item_code="CASE",
        component_item_code="MUG",
        component_units=6,
    )
    ledger.channel("web")
    off = ledger.event("listing_off", "2026-03-03T10:00:00+01:00", "MUG", None, channel="web")
    ledger.event("listing_on", "2026-03-02T10:00:00+01:00", "MUG", None, channel="web")
    ledger.event("listing_on", "2026-03-01T10:00:00+01:00", "MUG", None, channel="web")
    ledger.event("listing_off", "2026-03-04T10:00:00+01:00", "POT", None, channel="web")
    ledger.unsay(off)
    ledger.commit()
    assert build(home, "--select", "+path:models/marts/core", "--indirect-selection", "cautious") == []
    return home


def test_the_history_of_an_item_says_what_held_when_as_known_when(home: Path) -> None:
    rows = ask(home, """
        select item_code, version_no, epoch_us(valid_from), epoch_us(valid_to), epoch_us(known_from), epoch_us(known_to)
        from core.dim_item_history where item_code like 'R%'""")  # fmt: skip
    spans: dict[str, list[tuple[int, int, int, int, int]]] = {}
    for code, version_no, *bounds in rows:
        lows_highs = [default if bound is None else bound for bound, default in zip(bounds, (BEGINNING, END, BEGINNING, END), strict=True)]
        spans.setdefault(code, []).append((version_no, *lows_highs))
    zero = int(START.timestamp()) * 1_000_000
    for code, described in ITEMS.items():
        versions = [
            Version(
                zero + known * DAY_US,
                BEGINNING if number_of == 1 else zero + (known if start is None else start) * DAY_US,
                END if end is None else zero + end * DAY_US,
                number_of,
            )
            for number_of, (known, start, end) in enumerate(described, start=1)
        ]
        for at in range(-1, 42, 2):
            for known in range(-1, 42, 2):
                instant, as_known = zero + at * DAY_US + 1, zero + known * DAY_US + 1
                found = [n for n, start, end, since, until in spans.get(code, []) if start <= instant < end and since <= as_known < until]
                wanted = holding(versions, instant, as_known)
                assert found == ([] if wanted is None else [wanted]), (code, described, at, known)


def test_one_version_at_most_is_current_and_it_is_the_dimensions(home: Path) -> None:
    assert ask(home, "select item_id from core.dim_item_history where is_current group by 1 having count(*) > 1") == []
    differing = ask(home, """
        select count(*) from core.dim_item_history h join core.dim_item i using (item_id) where h.is_current and h.item_name <> i.item_name""")  # fmt: skip
    assert differing == [(0,)]
    assert ask(home, "select count(*) from core.dim_item_history where is_current")[0][0] > len(ITEMS) // 2


def test_terms_hold_from_their_date_and_end_where_the_next_begin(home: Path) -> None:
    rows = ask(
        home,
        "select lead_time_days, valid_from, valid_to, known_from, known_to, is_current from core.terms_history order by known_from, valid_from",
    )
    at = {number_of: START + dt.timedelta(days=number_of) for number_of in (0, 5, 10, 12)}
    assert rows == [
        (4, at[5], None, at[0], at[10], False),
        (4, at[5], at[12], at[10], None, False),
        (6, at[12], None, at[10], None, True),
    ]


def test_what_is_known_without_a_file_has_no_beginning(home: Path) -> None:
    assert ask(home, "select valid_from, valid_to, known_to, is_current from core.dim_channel_history where channel_code = 'store'") == [
        (None, None, None, True)
    ]


def test_units_are_rational_and_packs_are_told_by_their_gtin(home: Path) -> None:
    units = ask(
        home,
        "select uom_code, numerator, denominator, gtin, pack_level, is_base_unit from core.item_units where item_code = 'MUG' order by 1",
    )
    assert units == [
        ("CS", 6, 1, "13600529000020", 1, False), ("DZ", 10, 1, None, None, False), ("EA", 1, 1, "03600529000023", 0, True),
        ("HALF", 1, 2, None, None, False),
    ]  # fmt: skip
    assert ask(home, "select numerator from core.item_units where item_code = 'CUP' and uom_code = 'DZ'") == [(12,)]


def test_an_item_says_what_it_became_by_the_merges_that_do_something(home: Path) -> None:
    became = ask(home, """
        select i.item_code, o.item_code from core.dim_item i join core.dim_item o on o.item_id = i.merged_into_item_id order by 1""")  # fmt: skip
    assert became == [("CUP", "MUG"), ("POT", "MUG")]  # not of another unit, not taken back, not in a circle
    stated = ask(home, "select item_code, related_item_code, relation_kind from core.item_relations order by all")
    assert ("R0", "R1", "merge") not in stated
    assert ("CASE", "MUG", "merge") in stated and ("MUG", "R4", "successor") in stated


def test_segments_reasons_kits_hours_and_listings_are_as_they_stand(home: Path) -> None:
    assert ask(home, "select segment_code, member_code from core.segment_members") == [("FOCUS", "MUG")]
    assert ask(home, "select reason_name, is_demand from core.dim_reason") == [("Damaged", False)]
    assert ask(home, "select kit_item_code, component_item_code, component_units from core.kit_components") == [("CASE", "MUG", 6)]
    assert ask(home, "select opening_hours, capacity_units from core.dim_location where location_code = 'DC'") == [
        ("Mo-Fr 06:00-22:00", 250_000)
    ]
    listed = ask(
        home,
        "select item_code, is_listed, listed_since_at::DATE::VARCHAR from core.channel_listings join core.dim_item using (item_id) order by 1",
    )
    assert listed == [("MUG", True, "2026-03-01"), ("POT", False, "2026-03-04")]


def test_a_day_says_what_is_special_about_it_and_where_nobody_knows(home: Path) -> None:
    columns = (
        "is_public_holiday, is_school_holiday_a, is_school_holiday_b, is_school_holiday_c, is_soldes, is_black_friday, is_black_friday_week"
    )

    def flags(on: str) -> tuple[Any, ...]:
        return ask(home, f"select {columns} from core.calendar_days where calendar_on = cast(? as date)", on)[0]

    assert flags("2024-01-10") == (False, False, False, False, True, False, False)
    assert flags("2024-02-12") == (False, False, False, True, False, False, False)
    assert flags("2024-11-11") == (True, False, False, False, False, False, False)
    assert flags("2024-11-29") == (False, False, False, False, False, True, True)
    assert flags("2024-12-01") == (False, False, False, False, False, False, True)
    assert flags("2026-05-05") == (False, False, False, True, False, False, False)  # what the feed adds
    assert flags("2019-07-03") == (False, None, None, None, None, False, False)
    assert flags("2030-01-14") == (False, None, None, None, True, False, False)
    assert ask(home, "select ends_on::VARCHAR, source from core.calendar_periods where calendar_code = 'shops'") == [
        ("2026-05-01", "reference feed")
    ]
    whole = ask(home, "select count(*) = max(calendar_on) - min(calendar_on) + 1, min(calendar_on)::VARCHAR from core.calendar_days")
    assert whole == [(True, "2010-01-01")]
