"""What is cut out of a block is what its lines say, and what cannot be proven is not cut: thousands of damaged lines say so."""

from __future__ import annotations

import json
import random
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.feeds.reading import fixedtimes, jsoncut, textviews, times
from pipelines.feeds.reading.jsontable import read_alike
from tests.feeds.test_reading import TASK, assert_same

fast = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

BYTES = b'",:{}[]\\ \n\r\t\x000159-+.eEaZ\xc3/'


def line(world: random.Random, pattern: list[tuple[str, str]], blank: str) -> str:
    """A line of a pattern of names and kinds: short and long texts, digits, whole numbers, fractions."""
    made = {
        "text": lambda: json.dumps("".join(world.choices("abcXYZ019 .:;-", k=world.choice((0, 1, 7, 12, 13, 30))))),
        "digit": lambda: str(world.randrange(10)),
        "whole": lambda: str(world.choice((0, 7, 12, -5, 99_999_999))),
        "fraction": lambda: world.choice(("0", "1.5", "-0.25", "12")),
    }
    return "{" + ",".join(f'"{name}":{blank}{made[kind]()}' for name, kind in pattern) + "}"


def damaged(world: random.Random, block: bytes, times_: int) -> bytes:
    """The block with bytes changed, taken out or put in, lines doubled or taken apart."""
    for _ in range(times_):
        place, byte = world.randrange(len(block)), bytes([world.choice(BYTES)])
        other = world.randrange(len(block))
        block = world.choice((
            block[:place] + byte + block[place + 1 :], block[:place] + block[place + 1 :], block[:place] + byte + block[place:],
            block[: min(place, other)] + block[max(place, other) :] or b"{", block + block[place:],
            block[:place] + block[other : other + 8] + block[place + 8 :],
        ))  # fmt: skip
    return block


def block_of(seed: int) -> tuple[random.Random, bytes]:
    world = random.Random(seed)
    pattern = [(f"f{n}", world.choice(("text", "text", "digit", "whole", "fraction"))) for n in range(world.randint(1, 6))]
    blank = world.choice(("", " "))
    lines = [line(world, pattern, blank) for _ in range(world.randint(1, 12))]
    return world, ("\n".join(lines) + world.choice(("\n", ""))).encode()


def as_json_says(block: bytes) -> list[dict[str, Any]]:
    """Every line by Python's own parser, numbers as they are written."""
    found = []
    for text in block.decode("ascii").split("\n"):
        if text:
            pairs = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
            assert len({name for name, _ in pairs}) == len(pairs)
            assert all(isinstance(value, str) for _, value in pairs)
            found.append(dict(pairs))
    return found


@pytest.mark.parametrize("piece", [96, 1 << 20])
@fast
@given(seed=st.integers(0, 10**9), damages=st.integers(0, 3))
def test_what_is_cut_is_what_the_lines_say(piece: int, seed: int, damages: int) -> None:
    world, block = block_of(seed)
    for _ in range(6):
        hurt = damaged(world, block, damages)
        with mock.patch.object(jsoncut, "_PIECE", piece):
            frame = read_alike(hurt, hurt.count(b"\n") + (not hurt.endswith(b"\n")), lambda name: True)
        if damages == 0 and piece > 96 and b"\n" in hurt:
            assert frame is not None
        if frame is not None:
            assert frame.to_dicts() == as_json_says(hurt)


@fast
@given(seed=st.integers(0, 10**9))
def test_damaged_lines_of_a_till_end_as_they_end_when_read_one_by_one(seed: int) -> None:
    world = random.Random(seed)
    rows = [
        {"event_kind": "sale", "location_code": "PAR", "document_id": f"T{n}", "document_line": n % 3, "occurred_at": f"2026-03-02T10:0{n}:00+01:00",
         "item_code": world.choice(("A", "SKU-0000000000001")), "quantity": n + 1, "unit_price_amount": "1.50", "currency_code": "EUR"}
        for n in range(8)
    ]  # fmt: skip
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
    assert_same(TASK, damaged(world, text, world.randint(0, 2)))


def one_after_the_other(texts: list[str]) -> tuple[textviews.Bytes, textviews.Places, textviews.Places]:
    """A buffer of texts, where each begins, and how long it is."""
    buffer = np.frombuffer(("head" + "".join(texts)).encode() + bytes(textviews.PAD), np.uint8)
    sizes = np.array([len(text) for text in texts], np.int64)
    return buffer, 4 + np.cumsum(sizes) - sizes, sizes


def laid(texts: list[str]) -> pl.Series:
    """The texts as a column that was cut out of one buffer."""
    buffer, starts, sizes = one_after_the_other(texts)
    return textviews.series(textviews.views(textviews.windows(buffer), starts, sizes), buffer)


SUFFIXES = ("", "Z", "z", "+01:00", "-0330", "+14:00", "+14:01", ".5Z", ",0Z", "+01", " Z", "+99:99")


@fast
@given(seed=st.integers(0, 10**9), suffix=st.sampled_from(SUFFIXES), hurt=st.integers(0, 2))
def test_times_by_their_digits_are_the_times_read_one_by_one(seed: int, suffix: str, hurt: int) -> None:
    world = random.Random(seed)
    days = ("2024-02-29", "1900-02-28", "2000-02-29", "0001-01-01", "9999-12-31", "2026-12-31", "2026-03-01", "1970-01-01", "1969-12-31")
    texts = [f"{world.choice(days)}T{world.randrange(24):02}:{world.randrange(60):02}:{world.randrange(60):02}{suffix}" for _ in range(20)]
    for _ in range(hurt):
        at, place = world.randrange(20), world.randrange(19)
        texts[at] = texts[at][:place] + world.choice("0123456789:-T /;") + texts[at][place + 1 :]
    found, honest = times.parse_instants(laid(texts)), times._parse_each(pl.Series("t", texts), True)
    assert found.local.to_list() == honest.local.to_list()
    assert found.offset.to_list() == honest.offset.to_list()
    assert found.utc_or_local().to_physical().to_list() == honest.utc_or_local().to_physical().to_list()


def test_every_day_of_eight_hundred_years_is_itself() -> None:
    days = pl.date_range(pl.date(1599, 12, 31), pl.date(2400, 3, 1), eager=True).cast(pl.Datetime("us"))
    found = fixedtimes.fixed_times(laid(days.dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()), "Z")
    assert found is not None
    assert (found == days).all()


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2100-02-29", "2026-00-10", "2026-13-01", "2026-04-31", "2026-01-00", "0000-01-01", "2026-01-0:", "202/-01-01"]
)
def test_what_is_no_day_is_not_read_by_its_digits(text: str) -> None:
    assert fixedtimes.fixed_times(pl.Series(["2026-01-01T00:00:00", f"{text}T00:00:00"]), "") is None
    assert fixedtimes.fixed_times(pl.Series(["2026-01-01T00:00:00", "2026-01-02T00:00:00"]), "") is not None


@fast
@given(texts=st.lists(st.text("abc0", max_size=30), min_size=1, max_size=40))
def test_views_are_the_texts_that_they_are_cut_from(texts: list[str]) -> None:
    buffer, starts, sizes = one_after_the_other(texts)
    window = textviews.windows(buffer)
    assert textviews.series(textviews.views(window, starts, sizes), buffer).to_list() == texts
    for number, text in enumerate(texts):
        assert textviews.stands(window, starts[number : number + 1], text.encode())
        if text:
            assert not textviews.stands(window, starts[number : number + 1], text[:-1].encode() + b"#")


def test_only_texts_of_one_width_in_one_buffer_are_looked_at_together() -> None:
    one = pl.Series(["2026-01-01T00:00", "2026-01-01T00:01"])
    buffer, places, size = textviews.of_one_width(one) or (None, None, 0)
    assert buffer is not None and places is not None
    assert [bytes(buffer[place : place + size]).decode() for place in places] == one.to_list()
    for other in (["a" * 12] * 2, ["a" * 16, "a" * 17], ["a" * 16, None], []):
        assert textviews.of_one_width(pl.Series(other, dtype=pl.String())) is None
