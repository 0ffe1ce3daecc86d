"""From segments to a commit: identity, codes, quarantine, counts of deliveries.

Belongs here: the steps that a batch of units goes through, in one transaction, and trying again what waits. Does not belong
here: what an event posts (`owner.posting`), how reference data is kept (`owner.reference`).
"""
