"""The ledger in the form that everyone reads: its tables, their files, and the list of what is current.

Belongs here: names, columns, ids, keys and hashes of the ledger's tables; writing, merging and listing their Parquet files.
Does not belong here: what an event posts (`pipelines.owner`), the file that people read (`pipelines.publish`).
"""
