"""parstock: one stock figure for every shelf, and the order that keeps it full.

In the order of the path: `feeds` (what comes in), `ingest` (how), `spool` (parsed, immutable), `warehouse` (the one
writer, the ledger, dbt's runner), `planning` (how much to hold, what to order), `publish` (what goes out); `stages` are
these as plain calls, `up` as standing processes, `cli` as a command; `simulate` writes the demo's world.

Belongs here: the Python that moves and computes. Does not belong here: SQL of the marts and planning policy
(`dbt_project`), schedules and assets (Dagster, which may import this package, never the other way round).
"""
