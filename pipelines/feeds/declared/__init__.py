"""The feeds: one module each, a frozen declaration and what is odd about its senders.

Belongs here: fields, kinds, identity and expectations of a feed, the entities of `reference`. Does not belong here: reading lines
(`feeds.reading`), documents of vendors (`feeds.adapters`).
"""
