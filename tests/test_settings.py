"""Machine settings come from the environment, by kind, and a wrong one is named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.settings import Settings


def test_a_setting_is_read_by_its_kind_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().threads, Settings().settle_seconds, Settings().customer_key_file) == (2, 0.4, None)
    monkeypatch.setenv("PARSTOCK_THREADS", "7")
    monkeypatch.setenv("PARSTOCK_SETTLE_SECONDS", "0.5")
    monkeypatch.setenv("PARSTOCK_CUSTOMER_KEY_FILE", "/keys/a")
    monkeypatch.setenv("PARSTOCK_COUNTRY", "")
    monkeypatch.setenv("PARSTOCK_SCHEDULER", "on")
    found = Settings()
    assert (found.threads, found.settle_seconds, found.customer_key_file, found.country, found.scheduler) == (
        7,
        0.5,
        Path("/keys/a"),
        "",
        "on",
    )


def test_what_is_given_comes_before_the_environment_and_nothing_unknown_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARSTOCK_THREADS", "7")
    assert Settings(threads=3).threads == 3
    assert dataclasses.replace(Settings(threads=3), country="DE") == Settings(threads=3, country="DE")
    with pytest.raises(TypeError, match="speed"):
        Settings(speed=1)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [("THREADS", "many", "a whole number"), ("SETTLE_SECONDS", "soon", "a number"), ("SCHEDULER", "maybe", "on or off")],
)
def test_a_value_of_another_kind_is_named_with_what_it_takes(monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: str) -> None:
    monkeypatch.setenv(f"PARSTOCK_{name}", value)
    with pytest.raises(UserError, match=f"PARSTOCK_{name} is '{value}'") as refused:
        Settings()
    assert str(refused.value.next_step).endswith(wanted)
    assert refused.value.exit_code == 2
