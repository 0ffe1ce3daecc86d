"""The events that most readers send, many at once: an object or its aggregation, tags, a place, nothing else.

An event is picked when every field in it is one of a few and of the right type, and no name stands twice (the names
that the bytes hold are counted). Its values are then judged column by column; what is not certainly right is handed back,
to be read one by one with all the checks and a reason. So this way never decides that an event is wrong.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from pipelines.feeds.epcis.checks import MAX_EPCS
from pipelines.feeds.epcis.hashid import event_hash
from pipelines.feeds.epcis.keys import CERTAIN, fault_of
from pipelines.feeds.epcis.row import minutes_of
from pipelines.feeds.epcis.vocabulary import ACTIONS, PLACES, TYPES, WORDS, bare, is_own_term
from pipelines.feeds.gs1 import gln_of_epc
from pipelines.feeds.jsonlines import encode_extra
from pipelines.feeds.rows import EXTRA, LINE
from pipelines.feeds.times import Instants, parse_instants
from pipelines.feeds.typed import MAX_TEXT

_LISTS: Final = {"ObjectEvent": "epcList", "AggregationEvent": "childEPCs"}
_TEXTS: Final = ("eventID", "bizStep", "disposition", "eventTime", "eventTimeZoneOffset", "recordTime", "parentID")
_OBJECT: Final = frozenset({"type", "action", *_TEXTS, *PLACES, "epcList"}) - {"parentID"}
_AGGREGATION: Final = frozenset({"type", "action", *_TEXTS, *PLACES, "childEPCs"})
_LINK: Final = r"^(https?://[^/?#]+/01/[0-9]{14})/21/[!-~]+$"
_WHOLE_TIME: Final = r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
_CERTAIN_PARENT: Final = r"^urn:epc:id:[a-z]+:[!-?A-~]+$"


def load(content: bytes, names: int | None = None) -> Any:
    """The JSON value of a file or line; null when it must be decoded with more care: a name stands twice, or may do so.

    `names` is how many names its bytes seem to hold, where that is known.
    """
    if b"\\" in content or b"\x7f" in content:
        return None
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if names is None:
        names = content.count(b'":')
    return value if names == (plain_names(value) or _names(value)) else None


def names_by_line(content: bytes) -> list[int]:
    """How many names each line of a block seems to hold."""
    view = np.frombuffer(content, np.uint8)
    names = np.flatnonzero((view[:-1] == ord('"')) & (view[1:] == ord(":")))
    ends = np.append(np.flatnonzero(view == ord("\n")), len(content))
    found: list[int] = np.diff(np.searchsorted(names, ends), prepend=0).tolist()
    return found


def _names(value: Any) -> int:
    """How many fields all objects of a value have; of a list that begins with a text none are looked for."""
    kind = type(value)
    if kind is dict:
        names = len(value)
        for inner in value.values():
            kind = type(inner)
            if kind is dict or (kind is list and inner and type(inner[0]) is not str):
                names += _names(inner)
        return names
    return sum(map(_names, value)) if kind is list and value and type(value[0]) is not str else 0


class Picked:
    """Events that are read column by column, with their numbers."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._numbers: list[int] = []
        self._frame: pl.DataFrame | None = None

    def add(self, event: Any, number: int) -> bool:
        """Take an event, if it is one of those."""
        if not plain_names(event):
            return False
        self._events.append(event)
        self._numbers.append(number)
        return True

    def doubtful(self) -> list[int]:
        """Numbers of the events that were taken and must be read one by one after all."""
        if not self._events:
            return []
        frame = _columns(self._events, self._numbers)
        self._frame = frame.filter("~sure").drop("~sure")
        return frame.filter(~pl.col("~sure"))[LINE].to_list()

    def frame(self) -> pl.DataFrame | None:
        """Raw rows of the others, after `doubtful` was asked; null when there are none."""
        return self._frame


def plain_names(event: Any) -> int:
    """How many names a plain event holds; 0 when it is none."""
    if type(event) is not dict:
        return 0
    kind = event.get("type")
    if kind == "ObjectEvent":
        fields, epcs = _OBJECT, event.get("epcList")
    elif kind == "AggregationEvent":
        fields, epcs = _AGGREGATION, event.get("childEPCs")
    else:
        return 0
    if not event.keys() <= fields or type(epcs) is not list or not epcs or event.get("action") not in ACTIONS:
        return 0
    places = 0
    for value in event.values():
        if type(value) is str or value is epcs:
            continue
        if type(value) is not dict or len(value) != 1 or type(value.get("id")) is not str:
            return 0
        places += 1
    for name in PLACES:  # the only fields that may be objects, and they must be
        if name in event:
            if type(event[name]) is not dict:
                return 0
            places -= 1
    if places:
        return 0
    for epc in epcs:
        if type(epc) is not str:
            return 0
    return len(event) + ("readPoint" in event) + ("bizLocation" in event)


def _columns(events: list[dict[str, Any]], numbers: list[int]) -> pl.DataFrame:
    """Raw columns of the events, and whether each is surely right."""
    kinds = [event["type"] for event in events]
    lists = [event[_LISTS[kind]] for event, kind in zip(events, kinds, strict=True)]
    texts = {name: pl.Series(name, [event.get(name) for event in events], dtype=pl.String()) for name in _TEXTS}
    places = {
        name: pl.Series(name, [place["id"] if (place := event.get(name)) else None for event in events], dtype=pl.String())
        for name in PLACES
    }
    actions = pl.Series("action", [event["action"] for event in events], dtype=pl.String()).str.to_lowercase()
    kind = pl.Series("kind", kinds, dtype=pl.String()).replace(list(TYPES), list(TYPES.values()))
    epcs, sure = _tags(lists)
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
    parent = texts["parentID"]
    is_aggregation = kind == "aggregation"
    sure &= ~is_aggregation | (parent.str.contains(_CERTAIN_PARENT).fill_null(actions == "observe"))
    sure &= _all_sure(parent, lambda uri: fault_of(uri) is None) if parent.null_count() < len(parent) else True
    read_point = places["readPoint"].set(places["bizLocation"].is_null(), None)
    columns[EXTRA] = _extra(parent, read_point)
    columns["source_event_id"] = _numbers_or_hashes(events, texts["eventID"], sure)
    return pl.DataFrame({name: values.alias(name) for name, values in columns.items()} | {"~sure": sure})


def _numbers_or_hashes(events: list[dict[str, Any]], given: pl.Series, sure: pl.Series) -> pl.Series:
    """The events' own numbers; of those without one, where they are right, the hash."""
    if not given.null_count():
        return given
    ids = given.to_list()
    for place, (number, is_sure) in enumerate(zip(ids, sure, strict=True)):
        if number is None and is_sure:
            event = events[place]
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
    of = pl.select(pl.int_range(len(lists), dtype=pl.UInt32).repeat_by(pl.lit(lengths)).explode()).to_series().alias("of")
    grouped = (
        pl.DataFrame([of, flat, is_sure.alias("sure")])
        .group_by("of", maintain_order=True)
        .agg(pl.col("epc").sort(), pl.col("sure").all(), (pl.col("epc").n_unique() == pl.len()).alias("once"))
    )
    return grouped["epc"].alias("epcs"), grouped["sure"] & grouped["once"] & (lengths <= MAX_EPCS)


def _times(written: pl.Series, zones: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The event's time with the offset of its zone, and whether it surely is a time after 1999."""
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
    return read, sure & (read.local.dt.year() > 2000).fill_null(False)


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
            "parent": pl.select(pl.when(parent.is_not_null()).then(pl.lit('"parentID":"') + parent + pl.lit('"'))).to_series(),
            "reader": reader,
        }
    )
    joined = parts.select(pl.concat_str("parent", "reader", separator=",", ignore_nulls=True)).to_series()
    return pl.select(pl.when(joined != "").then(pl.lit("{") + joined + pl.lit("}"))).to_series()
