"""XML of EPCIS as elements, event by event while the document is read.

Safe by construction: nothing is fetched, a document type that declares anything is refused, and so is an entity; depth
and the number of elements in one event are limited. A bare `<!DOCTYPE x>` declares nothing and passes. Header and master
data are passed over, and named in the notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from xml.parsers import expat

from pipelines.feeds.epcis.names import KNOWN_PREFIXES
from pipelines.feeds.epcis.vocabulary import TYPES
from pipelines.feeds.reading.jsonlines import MAX_DEPTH
from pipelines.feeds.reading.rows import Refused

MAX_ELEMENTS: Final = 500_000
"""Of one event; an event of the most EPCs that are taken stays far below."""
WRAPPERS: Final = frozenset({"extension", "baseExtension"})
"""What EPCIS 1.2 puts around fields that came after 1.0."""
_ROOTS: Final = ("EPCISDocument", "EPCISQueryDocument", "QueryResults", "EPCISBody", "EventList")
_JOBS: Final = ("EPCISCaptureJob", "EPCISCaptureJobs")
_PASSED_OVER: Final = frozenset({"EPCISHeader", "VocabularyList", "EPCISMasterData"})
_STEP: Final = 1 << 20


class Element:
    """One element: its name (`{namespace}local`), its attributes, its text and its children."""

    __slots__ = ("attributes", "children", "name", "pieces")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.pieces: list[str] = []
        self.children: list[Element] = []

    @property
    def text(self) -> str:
        """The text directly in the element, without blanks around it."""
        return "".join(self.pieces).strip()


class _Reader:
    """What expat tells, kept as elements; each event is handed on when it ends and forgotten."""

    def __init__(self) -> None:
        self.prefixes = dict(KNOWN_PREFIXES)
        self.events: list[Element] = []
        self.notes: set[str] = set()
        self.root: str | None = None
        self.has_list = self.has_master_data = False
        self._path: list[str] = []
        self._open: list[Element] = []
        self._skipped = self._elements = 0
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator="}")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = parser.ElementDeclHandler = parser.AttlistDeclHandler = _refuse
        parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = _refuse
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser

    def feed(self, part: bytes, is_last: bool = False) -> None:
        try:
            self._parser.Parse(part, is_last)
        except expat.ExpatError as error:
            raise Refused("not_xml", f"line {error.lineno}, {expat.ErrorString(error.code)}") from error

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, has_internal_subset: int) -> None:
        if system_id is not None or public_id is not None or has_internal_subset:
            raise Refused("unsafe_xml", "DOCTYPE", name[:60])

    def _namespace(self, prefix: str | None, address: str) -> None:
        if prefix and prefix not in ("urn", "http", "https"):
            self.prefixes[prefix] = address

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        full = _clark(name)
        local = full.rsplit("}", 1)[-1]
        self._path.append(local)
        if len(self._path) > MAX_DEPTH:
            raise Refused("too_deep", "/".join(self._path[:6]))
        if len(self._path) == 1:
            self.root = local
            if local == "EPCISMasterDataDocument":
                raise Refused("master_data")
            if local in _JOBS:
                raise Refused("unusable_document", "EPCIS capture job")
            if local not in _ROOTS and local not in TYPES:
                raise Refused("unknown_document", local[:60])
        self.has_master_data |= local == "VocabularyList"
        if self._skipped or (not self._open and local in _PASSED_OVER):
            if not self._skipped:
                self.notes.add(local)
            self._skipped += 1
        elif self._open or self.in_list() or (local in TYPES and len(self._path) == 1):
            self._elements = self._elements + 1 if self._open else 1
            if self._elements > MAX_ELEMENTS:
                raise Refused("too_large", local[:60])
            self._open.append(Element(full, {_clark(key): value for key, value in attributes.items()}))
        elif local == "EventList":
            self.has_list = True

    def in_list(self) -> bool:
        """Whether the element just begun stands in an event list: an event, or the wrapper around one."""
        above = self._path[:-1]
        return "EventList" in above and self._path[-1] not in WRAPPERS

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._skipped:
            self._skipped -= 1
            return
        if not self._open:
            return
        element = self._open.pop()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.events.append(element)

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].pieces.append(text)


def _refuse(*_: Any) -> Any:
    raise Refused("unsafe_xml", "entity")


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def read_xml(content: bytes, notes: set[str]) -> Iterator[tuple[Element, dict[str, str]]]:
    """The events of a document with the prefixes it declares, while it is read.

    Names of what was passed over go to `notes`. Raises Refused where it is no XML, not safe, no EPCIS document, or
    holds no event list or only master data; what came before a fault in the middle is then not to be trusted either.
    """
    reader = _Reader()
    count = 0
    for begin in range(0, max(len(content), 1), _STEP):
        reader.feed(content[begin : begin + _STEP], begin + _STEP >= len(content))
        for element in reader.events:
            count += 1
            yield element, reader.prefixes
        reader.events.clear()
    notes |= reader.notes
    if not count and reader.has_master_data:
        raise Refused("master_data")
    if not reader.has_list and reader.root not in TYPES:  # an event that stands alone has no list
        raise Refused("bad_document", "EPCISBody.EventList")
