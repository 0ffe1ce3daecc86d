"""A seeded small world around real demand, and its faults: the landing folder of the demo.

Belongs here: choosing the real tickets, the simulated stock, supply and channels around them, the awkward
lines, and what must come out of it all. Does not belong here: reading feeds, posting or planning; nothing in
the rest of the package depends on this one, and what it writes is read like any other landing folder.
"""
