"""Documents of real systems: what a vendor sends becomes lines of a canonical feed.

Belongs here: one folder a vendor and in it one module a document (what it is recognised by, and the table that
says which of its fields becomes which of ours), the list of them (`registry.py`), and reading files of them
(`documents.py`). Does not belong here: judging and typing what comes out, which is the feed's (`feeds.reading.derive`), EPCIS,
which is a feed's own form, and opening files.
"""
