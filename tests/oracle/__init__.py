"""An independent recomputation of the ledger, in plain Python and SQLite, straight from the files of a landing folder.

Belongs here: the oracle (`read` → `resolve` → `identity` → `post` → `answers`), the random world (`generate`), its
disturbances (`shuffle`), and `driver`, the one place that knows how the product is called and read.
Does not belong here: an import of `pipelines` outside `driver`. The oracle is slow and obvious on purpose: it takes the
whole set of events at once and says what the set means, so nothing in it can depend on the order of arrival.
"""
