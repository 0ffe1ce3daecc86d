"""Amazon's Selling Partner API.

Belongs here: one module a document, what they share (`common`), what is refused by name (`unusable`). Does not belong here:
reading files of documents (`feeds.adapters.documents`).
"""
