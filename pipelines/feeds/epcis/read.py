"""EPCIS files to raw rows: whole documents in JSON or XML, and blocks of lines of one event each.

A fault of one event sets only that event aside, with the path to it; a fault of the document sets all of it aside.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import orjson

from pipelines.feeds.epcis.document import count_names, decode_document, events_of, is_told_once, list_path, names_in, open_document
from pipelines.feeds.epcis.fast import Picked
from pipelines.feeds.epcis.gather import Gathered, note_header, path_of, read_honestly, take
from pipelines.feeds.epcis.names import KNOWN_PREFIXES
from pipelines.feeds.epcis.row import Seen, row_of
from pipelines.feeds.epcis.session import is_session
from pipelines.feeds.epcis.xmlform import event_from_xml
from pipelines.feeds.epcis.xmlread import read_xml
from pipelines.feeds.reading.failing import words_of
from pipelines.feeds.reading.jsonlines import decode, numbered_lines, unread
from pipelines.feeds.reading.rows import MAX_LINE_BYTES, RawRows, Refused

_Asked = ParamSpec("_Asked")
_Given = TypeVar("_Given")


def _paused(read: Callable[_Asked, _Given]) -> Callable[_Asked, _Given]:
    """Let no search for cycles interrupt a reading: what it makes are trees, many and all alive together."""

    @functools.wraps(read)
    def reading(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Given:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return read(*args, **kwargs)
        finally:
            if was_on:
                gc.enable()

    return reading


def is_xml(content: bytes) -> bool:
    """Whether a file is XML, by the first sign in it."""
    return content[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def count_events(content: bytes) -> int:
    """How many events a whole file holds; raises Refused when it is none that can be read."""
    if is_xml(content):
        return sum(1 for _ in read_xml(content, set()))
    opened = open_document(content)
    if opened is None or not is_told_once(content, *opened, sum(map(count_names, opened[1]))):
        return len(events_of(decode_document(content))[0])
    return len(events_of(opened[0])[0])


@_paused
def read_document(content: bytes) -> RawRows:
    """Read a whole document; `source_line` is the number of the event in it. Raises Refused for the whole of it."""
    if is_xml(content):
        return _read_xml(content)
    opened, picked = open_document(content), Picked()
    if opened is None:
        return read_honestly(decode_document(content))
    document, texts = opened
    others = picked.take(enumerate(texts, 1))
    if not is_told_once(content, *opened, picked.names() + sum(count_names(texts[number - 1]) for number in others)):
        return read_honestly(decode_document(content))
    seen, gathered = Seen(), Gathered()
    events, path, prefixes = events_of(document)
    note_header(document, seen)
    for number in sorted([*others, *picked.doubtful()]):
        event, place = events[number - 1], path_of(path, number)
        value = _load(event)
        try:
            careful = decode_document(event) if value is None else value
        except Refused as refused:
            gathered.reject(None, number, refused, place)
        else:
            take(careful, number, place, prefixes, seen, gathered, may_double=value is None)
    return gathered.raw_rows(seen, picked.frame(), _is_plain_ascii(content))


def _is_plain_ascii(content: bytes) -> bool:
    """Whether the content is ASCII and spells no other character out."""
    return content.isascii() and b"\\" not in content


def _load(event: bytes) -> Any:
    """The value of one event the fast way; null when it must be decoded with more care, to know its names or its numbers as written."""
    if b"\\" in event or b"\x7f" in event:
        return None
    try:
        value = orjson.loads(event)
    except orjson.JSONDecodeError:
        return None
    if is_session(value):
        return None  # a flat line, whose numbers are kept as written
    return value if count_names(event) == names_in(value) and _is_exact(value) else None


def _is_exact(value: Any) -> bool:
    """Whether a value holds no number with a fraction, whose digits are then no longer known."""
    if type(value) is float:
        return False
    if type(value) is dict:
        return all(map(_is_exact, value.values()))
    return all(map(_is_exact, value)) if type(value) is list else True


def _read_xml(content: bytes) -> RawRows:
    seen, gathered = Seen(), Gathered()
    path = list_path(content)
    for number, (element, prefixes) in enumerate(read_xml(content, seen.unknown), 1):
        event: Any = None
        try:
            event = event_from_xml(element, prefixes)
            gathered.rows.append(row_of(event, number, seen))
        except Refused as refused:
            gathered.reject(event, number, refused, path_of(path, number))
        except Exception as error:  # of one event, and no reason to set its neighbours aside
            gathered.reject(None, number, Refused("unreadable", words_of(error)), path_of(path, number))
    return gathered.raw_rows(seen)


@_paused
def read_event_lines(content: bytes, first_line: int) -> RawRows:
    """Read a block of lines of one event each; the common events fast, any other one by one."""
    seen, gathered, picked = Seen(), Gathered(), Picked()
    lines = dict(numbered_lines(content, first_line))
    others = picked.take((number, line) for number, line in lines.items() if len(line) <= MAX_LINE_BYTES)
    others += [number for number, line in lines.items() if len(line) > MAX_LINE_BYTES]
    for number in sorted([*others, *picked.doubtful()]):
        line = lines[number]
        event = _load(line) if len(line) <= MAX_LINE_BYTES else None
        if event is not None:
            take(event, number, "", KNOWN_PREFIXES, seen, gathered, may_double=False)
        else:
            read_line(number, line, seen, gathered)
    return gathered.raw_rows(seen, picked.frame(), _is_plain_ascii(content))


def read_line(number: int, line: bytes, seen: Seen, gathered: Gathered) -> None:
    """One line to a row or a reject, with all care."""
    try:
        value = decode(line.strip(b" \t\r\n"))
    except Refused as refused:
        gathered.rejects.append(unread(number, refused, line))
        return
    take(value, number, "", KNOWN_PREFIXES, seen, gathered)
