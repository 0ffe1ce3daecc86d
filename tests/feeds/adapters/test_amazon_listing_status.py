"""A listing is on while it can be bought."""

from __future__ import annotations

from feeds.adapters.amazon_documents import CHANNEL, changed, sample, told

OFF, ON = sample("marketplace", "notifications.jsonl")[4:]


def test_a_listing_is_on_when_it_can_be_bought_else_off() -> None:
    names = ("event_kind", "channel_code", "item_code", "occurred_at")
    assert told("marketplace", OFF, *names) == [("listing_off", CHANNEL, "TEE-M", "2026-03-04T18:59:30.194Z")]
    assert told("marketplace", ON, *names) == [("listing_on", CHANNEL, "TEE-M", "2026-03-05T07:00:00.000Z")]
    assert told("marketplace", changed(OFF, "Payload", "Status", to=[]), "event_kind") == [("listing_off",)]


def test_what_does_not_say_its_status_or_its_marketplace_is_refused() -> None:
    for name in ("Status", "MarketplaceId"):
        assert told("marketplace", changed(OFF, "Payload", name, to=None), "event_kind") == [("missing_field", f"Payload.{name}")]
