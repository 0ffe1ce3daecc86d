"""The events that most readers send, many at once: an object or its aggregation, tags, a place, nothing else.

An event is picked when every field in it is one of a few and of the right type, which the decoder itself judges, and no
name stands twice (the names that its bytes hold are counted). Its values are then judged column by column; what is not
certainly right is handed back, to be read one by one with all the checks and a reason. So this way never decides that an
event is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

import msgspec
import polars as pl

from pipelines.feeds.epcis.checks import MAX_EPCS
from pipelines.feeds.epcis.document import count_names
from pipelines.feeds.epcis.hashid import event_hash
from pipelines.feeds.epcis.row import minutes_of
from pipelines.feeds.epcis.vocabulary import PLACES, TYPES, WORDS, bare, is_own_term
from pipelines.feeds.reading.gs1 import gln_of_epc
from pipelines.feeds.reading.gs1links import CERTAIN, fault_of
from pipelines.feeds.reading.jsonlines import encode_extra
from pipelines.feeds.reading.rows import EXTRA, LINE
from pipelines.feeds.reading.tags import canonical_epcs
from pipelines.feeds.reading.times import Instants, parse_instants
from pipelines.feeds.reading.typed import MAX_TEXT

_TEXTS: Final = ("eventID", "bizStep", "disposition", "eventTime", "eventTimeZoneOffset", "recordTime", "action")
_LINK: Final = r"^(https?://[^/?#]+/01/[0-9]{14})/21/[!-~&&[^/?#]]+$"
"""A link that says no more than item and serial."""
_WHOLE_TIME: Final = r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
_CERTAIN_PARENT: Final = r"^urn:epc:id:[a-z]+:[!-?A-~]+$"
_ABSENT: Any = None
"""Of a field that may be left out, and may not be null."""

_Tags = Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_EPCS)]


class _Place(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str


class _Plain(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The fields that a plain event may have, by their names in the standard."""

    action: Literal["ADD", "OBSERVE", "DELETE"]
    eventTime: str
    eventID: str = _ABSENT
    bizStep: str = _ABSENT
    disposition: str = _ABSENT
    eventTimeZoneOffset: str = _ABSENT
    recordTime: str = _ABSENT
    readPoint: _Place = _ABSENT
    bizLocation: _Place = _ABSENT


class _ObjectEvent(_Plain, tag="ObjectEvent"):
    epcs: _Tags = msgspec.field(name="epcList")


class _AggregationEvent(_Plain, tag="AggregationEvent"):
    epcs: _Tags = msgspec.field(name="childEPCs")
    parentID: str = _ABSENT


_Event = _ObjectEvent | _AggregationEvent
_DECODER: Final = msgspec.json.Decoder(_Event)
_NOT_PLAIN: Final = (msgspec.MsgspecError, ValueError, RecursionError)
_BATCH: Final = 500


def _batches(texts: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    rest = iter(texts)
    while batch := list(islice(rest, _BATCH)):
        yield batch


class Picked:
    """Events that are read column by column, with their numbers."""

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._texts: list[bytes] = []
        self._numbers: list[int] = []
        self._names: list[int] = []
        self._frame: pl.DataFrame | None = None

    def take(self, texts: Iterable[tuple[int, bytes]]) -> list[int]:
        """Take the plain ones among numbered events, each the bytes of its JSON; returns the numbers of the others."""
        others: list[int] = []
        for batch in _batches(texts):
            numbers, written = zip(*batch, strict=True)
            try:
                self._events += map(_DECODER.decode, written)
            except _NOT_PLAIN:
                del self._events[len(self._numbers) :]
                others += self._take_one_by_one(batch)
            else:
                self._numbers += numbers
                self._texts += written
        return others

    def _take_one_by_one(self, texts: Iterable[tuple[int, bytes]]) -> list[int]:
        others = []
        for number, text in texts:
            try:
                event = _DECODER.decode(text)
            except _NOT_PLAIN:
                others.append(number)
            else:
                self._events.append(event)
                self._numbers.append(number)
                self._texts.append(text)
        return others

    def names(self) -> int:
        """How many names the bytes of the events that were taken hold."""
        self._names += map(count_names, self._texts[len(self._names) :])
        return sum(self._names)

    def doubtful(self) -> list[int]:
        """Numbers of the events that were taken and must be read one by one after all."""
        if not self._events:
            return []
        self.names()
        frame = _columns(self._events, self._numbers)
        odd = pl.Series([b"\\" in text or b"\x7f" in text for text in self._texts], dtype=pl.Boolean())
        is_told_once = pl.Series(self._names, dtype=pl.Int32()) == frame["~names"]
        frame = frame.with_columns(pl.col("~sure") & is_told_once & ~odd).drop("~names")
        self._frame = frame.filter("~sure").drop("~sure")
        return frame.filter(~pl.col("~sure"))[LINE].to_list()

    def frame(self) -> pl.DataFrame | None:
        """Raw rows of the others, after `doubtful` was asked; null when there are none."""
        return self._frame


def _columns(events: list[_Event], numbers: list[int]) -> pl.DataFrame:
    """Raw columns of the events, whether each is surely right, and how many names its bytes must hold then."""
    is_object = pl.Series("is_object", [type(event) is _ObjectEvent for event in events], dtype=pl.Boolean())
    kind = pl.select(pl.when(is_object).then(pl.lit(TYPES["ObjectEvent"])).otherwise(pl.lit(TYPES["AggregationEvent"]))).to_series()
    columns_of_texts = zip(*map(attrgetter(*_TEXTS), events), strict=True)
    texts = {name: pl.Series(name, column, dtype=pl.String()) for name, column in zip(_TEXTS, columns_of_texts, strict=True)}
    actions = texts.pop("action").str.to_lowercase()
    parents = repeat(None, len(events)) if is_object.all() else (getattr(event, "parentID", None) for event in events)
    parent = texts["parentID"] = pl.Series("parentID", list(parents), dtype=pl.String())
    places = {
        name: pl.Series(name, [place.id if (place := getattr(event, name)) else None for event in events], dtype=pl.String())
        for name in PLACES
    }
    epcs, sure = _tags([event.epcs for event in events])
    names = pl.repeat(3, len(events), dtype=pl.Int32(), eager=True)  # type, action and the list of tags
    for weight, named in ((1, texts), (2, places)):  # a place has a name inside
        for values in named.values():
            names += values.is_not_null().cast(pl.Int32) * weight
    for text in (*texts.values(), *places.values()):
        sure &= ((text != "") & (text.str.len_bytes() <= MAX_TEXT)).fill_null(True)
    at, is_time = _times(texts["eventTime"], texts["eventTimeZoneOffset"])
    sure &= is_time & (texts["recordTime"].is_null() | _is_time(texts["recordTime"])[1])
    columns = {LINE: pl.Series(LINE, numbers, dtype=pl.UInt32()), "event_kind": kind + "_" + actions, "occurred_at": at, "epcs": epcs}
    columns["quantity"] = epcs.list.len().cast(pl.String)
    columns["recorded_at"] = texts["recordTime"]
    for column, name in (("biz_step", "bizStep"), ("stock_state", "disposition")):
        columns[column] = _mapped(texts[name], bare)
        sure &= _all_sure(texts[name], lambda term, name=name: bare(term) in WORDS[name] or is_own_term(bare(term)))
    for name in PLACES:
        sure &= _all_sure(places[name], _is_plain_place)
    location = places["bizLocation"].fill_null(places["readPoint"])
    columns["location_code"] = location
    columns["location_code_kind"] = _mapped(location, lambda place: "sgln" if ":sgln:" in place or gln_of_epc(place) is not None else None)
    sure &= is_object | (parent.str.contains(_CERTAIN_PARENT).fill_null(actions == "observe"))
    sure &= _all_sure(parent, lambda uri: fault_of(uri) is None) if parent.null_count() < len(parent) else True
    read_point = places["readPoint"].set(places["bizLocation"].is_null(), None)
    columns[EXTRA] = _extra(parent, read_point)
    columns["source_event_id"] = _numbers_or_hashes(events, texts["eventID"], sure)
    return pl.DataFrame({name: values.alias(name) for name, values in columns.items()} | {"~sure": sure, "~names": names})


def _numbers_or_hashes(events: list[_Event], given: pl.Series, sure: pl.Series) -> pl.Series:
    """The events' own numbers; of those without one, where they are right, the hash."""
    if not given.null_count():
        return given
    ids = given.to_list()
    for place, (number, is_sure) in enumerate(zip(ids, sure, strict=True)):
        if number is None and is_sure:
            event = msgspec.to_builtins(events[place])
            terms = {name: bare(event[name]) for name in ("bizStep", "disposition") if name in event}
            ids[place] = event_hash({**event, **terms})
    return pl.Series("eventID", ids, dtype=pl.String())


def _tags(lists: list[list[str]]) -> tuple[pl.Series, pl.Series]:
    """The sorted tags of each event, and whether all of them surely are tags, each named once."""
    lengths = pl.Series("n", list(map(len, lists)), dtype=pl.UInt32())
    flat = pl.Series("epc", [epc for epcs in lists for epc in epcs], dtype=pl.String())
    is_sure = flat.str.contains(f"^(?:{CERTAIN})$")
    if not is_sure.all():
        is_sure |= _all_sure(flat.str.extract(_LINK, 1), lambda link: fault_of(link) is None, missing=False)
    flat = canonical_epcs(flat)
    of = pl.select(pl.int_range(len(lists), dtype=pl.UInt32).repeat_by(pl.lit(lengths)).explode()).to_series().alias("of")
    grouped = (
        pl.DataFrame([of, flat, is_sure.alias("sure")])
        .group_by("of", maintain_order=True)
        .agg(pl.col("epc").sort(), pl.col("sure").all(), (pl.col("epc").n_unique() == pl.len()).alias("once"))
    )
    return grouped["epc"].alias("epcs"), grouped["sure"] & grouped["once"]


def _times(written: pl.Series, zones: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The event's time with the offset of its zone, and whether it surely is a time of the years that are taken."""
    read, sure = _is_time(written)
    sure &= _all_sure(zones, lambda zone: _offset(zone) is not None)
    # a time that names the same zone itself says it all
    as_written = zones.is_null() | (written.str.slice(-6) == zones).fill_null(False)
    if as_written.all():
        return written, sure
    shift = (_mapped(zones, _offset).cast(pl.Int64).fill_null(0) - read.offset.cast(pl.Int64).fill_null(0)) * 60_000_000
    local = (read.local.to_physical() + shift).cast(pl.Datetime("us"))
    moved = local.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f") + zones
    return written.zip_with(as_written, moved), sure


def _is_time(written: pl.Series) -> tuple[Instants, pl.Series]:
    sure = written.str.contains(_WHOLE_TIME).fill_null(False)
    read = parse_instants(written.set(~sure, None))
    return read, sure & read.local.dt.year().is_between(2001, 2199).fill_null(False)


def _is_plain_place(place: str) -> bool:
    return place.startswith(("urn:epc", "http://", "https://")) and "@" not in place and fault_of(place) is None


def _offset(zone: str) -> str | None:
    """Minutes of an offset as text, where it is written in the one form that needs no second thought."""
    minutes = minutes_of(zone) if len(zone) == 6 else None
    return None if minutes is None else str(minutes)


def _mapped(values: pl.Series, meaning: Any) -> pl.Series:
    distinct = values.drop_nulls().unique()
    new = pl.Series([meaning(value) for value in distinct], dtype=pl.String())
    return values.replace_strict(distinct, new, default=None, return_dtype=pl.String()) if len(distinct) else values


def _all_sure(values: pl.Series, is_right: Any, missing: bool = True) -> pl.Series:
    """Where a value is right; `missing` where there is none."""
    distinct = values.drop_nulls().unique()
    right = [value for value in distinct if is_right(value)]
    if len(right) == len(distinct) and missing:
        return pl.repeat(True, len(values), dtype=pl.Boolean(), eager=True)
    return values.is_in(right).fill_null(missing)


def _extra(parent: pl.Series, read_point: pl.Series) -> pl.Series:
    """The canonical JSON of what has no column: the parent, and the reader where the place is another."""
    reader = _mapped(read_point, lambda place: encode_extra({"readPoint": {"id": place}})[1:-1])
    parts = pl.DataFrame(
        {
            "parent": '"parentID":"' + canonical_epcs(parent) + '"',
            "reader": reader,
        }
    )
    joined = parts.select(pl.concat_str("parent", "reader", separator=",", ignore_nulls=True)).to_series()
    return pl.select(pl.when(joined != "").then(pl.lit("{") + joined + pl.lit("}"))).to_series()
