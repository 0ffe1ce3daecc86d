"""parstock: one stock figure for every shelf, and the order that keeps it full.

In the order of the path: `feeds` (what comes in), `ingest` (how), `spool` (parsed, immutable), `owner` (the one writer),
`ledger` (what happened, in the form that everyone reads), `marts` and `build` (dbt, and the gates around it), `planning` (how
much to hold, what to order), `publish` (what goes out); `stages` and `keeping` are these as plain calls, `processes` as standing processes,
`cli` as a command; `simulate` writes the demo's world.

Belongs here: the Python that moves and computes. Does not belong here: SQL of the marts and planning policy
(`dbt_project`), schedules and assets (Dagster, which may import this package, never the other way round).
"""
