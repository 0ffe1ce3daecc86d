"""How lines are read and judged: JSON Lines, CSV, types, times, identity, privacy.

Belongs here: what every feed shares on the way from bytes to rows of the event schema. Does not belong here: what one feed is
(`feeds.declared`), forms of their own (`feeds.epcis`, `feeds.adapters`, `feeds.mapping`).
"""
