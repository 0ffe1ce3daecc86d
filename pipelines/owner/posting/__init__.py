"""What an event posts: the table of rules, and the events that change what another one posts.

Belongs here: movements, their reversals, counts, notices, picks, shipments, voids, consignment. Does not belong here: reading
segments or codes (`owner.apply`).
"""
