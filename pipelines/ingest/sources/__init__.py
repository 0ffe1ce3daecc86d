"""Where data comes from: one module a kind of source, and what all of them share.

Belongs here: which inputs are whole and new, the deliveries and units of work they make, and the list of kinds (`registry.py`).
A source is a `Source` (`source.py`): it is polled, its units say where their bytes lie, and it is told when they are safe.
Does not belong here: parsing or writing rows.
"""
