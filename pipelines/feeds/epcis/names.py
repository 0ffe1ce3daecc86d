"""Names of fields, however they are written: with a prefix, as full address, or with a namespace of XML.

Inside, an extension is `{namespace}local` as XML has it, and a field of the standard its bare name. In `extra` an
extension has its full address, which is the same from JSON and XML. A prefix that nobody declared stays as written.
"""

from __future__ import annotations

import re
from typing import Any, Final

EPCIS: Final = "https://ref.gs1.org/epcis/"
KNOWN_PREFIXES: Final = {
    "epcis": EPCIS,
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda",
    "gs1": "https://gs1.org/voc/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "dcterms": "http://purl.org/dc/terms/",
}
"""Prefixes that the standard's own JSON-LD context declares."""
_KEYWORDS: Final = {"@type": "type", "@id": "id", "isA": "type", "@value": "#text"}
_ADDRESS: Final = re.compile(r"(https?://\S+?[/#])([^/#]+)")
_JOINERS: Final = "/#:=?-_"
_SCHEMES: Final = frozenset({"urn", "http", "https"})


def prefixes_of(context: Any, known: dict[str, str] = KNOWN_PREFIXES) -> dict[str, str]:
    """Prefix → namespace of a JSON-LD `@context` (an address, an object, or a list of them), on top of those known.

    Contexts that are only named by their address are not fetched.

    >>> prefixes_of(["https://ref.gs1.org/standards/epcis/epcis-context.jsonld", {"ex": "https://example.com/"}])["ex"]
    'https://example.com/'
    """
    found = dict(known)
    for part in context if isinstance(context, list) else [context]:
        if not isinstance(part, dict):
            continue
        for name, value in part.items():
            address = value.get("@id") if isinstance(value, dict) else value
            if type(address) is str and not name.startswith("@") and name not in _SCHEMES:
                found[name] = address.rstrip(":") if address.startswith("urn:") else address
    return found


def full_name(name: str, prefixes: dict[str, str]) -> str:
    """The name inside: bare for the standard's own, `{namespace}local` for an extension.

    >>> ex = {**KNOWN_PREFIXES, "ex": "https://example.com/"}
    >>> full_name("ex:colour", ex), full_name("https://example.com/colour", ex), full_name("epcis:eventTime", ex), full_name("who:knows", ex)
    ('{https://example.com/}colour', '{https://example.com/}colour', 'eventTime', 'who:knows')
    """
    if ":" not in name:
        return _KEYWORDS.get(name, name)
    prefix, local = name.split(":", 1)
    if prefix in prefixes and not local.startswith("//"):
        space = prefixes[prefix]
    elif match := _ADDRESS.fullmatch(name):
        space, local = match.groups()
    else:
        return name
    return local if space == EPCIS else f"{{{space}}}{local}"


def closed(name: str) -> str:
    """A name whose namespace ends as one does in JSON-LD: a sender's XML and JSON then mean the same.

    >>> closed("{http://example.com/ext}colour"), closed("{http://example.com/ext/}colour"), closed("{urn:x:y:}colour")
    ('{http://example.com/ext/}colour', '{http://example.com/ext/}colour', '{urn:x:y}colour')
    """
    end = name.find("}")
    if name.startswith("{urn:"):
        return name[:end].rstrip(":") + name[end:]
    if end <= 1 or name[end - 1] in _JOINERS or not name.startswith("{http"):
        return name
    return f"{name[:end]}/{name[end:]}"


def address_of(name: str) -> str:
    """The full address of a name, as `extra` has it: the same whether or not the namespace ends in a slash.

    >>> address_of("{http://example.com/ext}colour"), address_of("{http://example.com/ext/}colour"), address_of("colour")
    ('http://example.com/ext/colour', 'http://example.com/ext/colour', 'colour')
    """
    if not name.startswith("{"):
        return name
    space, local = name[1:].split("}", 1)
    if not space or space[-1] in _JOINERS:
        return space + local
    return f"{space}{':' if space.startswith('urn:') else '/'}{local}"
