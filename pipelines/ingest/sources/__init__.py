"""Where data comes from: one module a kind of source.

Belongs here: which inputs are whole and new, and the units of work they make. Does not belong here: parsing or writing rows.
"""
