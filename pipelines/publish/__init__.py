"""What goes out: the snapshot that everyone reads, its keeping, and the copy that needs no home.

Belongs here: writing, reading and deleting published files. Does not belong here: any formula (dbt and planning have
them; their SQL and rows are carried as they are), or the ledger's own files (`pipelines.ledger`).
"""
