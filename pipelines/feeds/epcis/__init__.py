"""EPCIS 1.2 and 2.0, in XML, JSON and JSON-LD: documents, lists and single events to raw rows, one per event.

Belongs here: reading both forms into one, judging events, their hash, their rows. Does not belong here: the columns'
types and keys (`feeds.reading.derive`), or what an event posts (`pipelines.owner`).
"""
