"""JSON that is no vendor's document and of no use as data, named: descriptions of forms, and messages in another writing.

Asked only of what nobody took.
"""

from __future__ import annotations

from typing import Any


def stranger_title(document: Any) -> str | None:
    """What a decoded JSON value is, without an article; null where that is not known.

    >>> stranger_title({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"})
    'JSON Schema (it describes documents and is none)'
    """
    if document is None or isinstance(document, str | int | float | bool):
        return "number, text or nothing at all, no document"
    if not isinstance(document, dict):
        return None
    if "$schema" in document or "$defs" in document or ("definitions" in document and "$id" in document) or _is_schema(document):
        return "JSON Schema (it describes documents and is none)"
    if document.keys() == {"id"}:
        return "notice that something was deleted (nothing but its id, as web shops send it)"
    if document.keys() == {"@context"}:
        return "JSON-LD context (it describes documents and is none)"
    if "swagger" in document or ("openapi" in document and "paths" in document):
        return "OpenAPI description"
    if document.keys() >= {"Type", "Name", "Content"} and isinstance(document["Content"], list):
        return f"EDI message written as JSON ({str(document['Name'])[:20]})"
    return None


def _is_schema(document: dict[str, Any]) -> bool:
    """Whether an object without a name for it is a schema: it has rules and no data."""
    rules = {"properties", "definitions", "required", "allOf", "anyOf", "oneOf", "enum", "$ref", "$id"}
    return len(rules & document.keys()) > 1 or ("type" in document and bool({"properties", "definitions", "enum"} & document.keys()))
