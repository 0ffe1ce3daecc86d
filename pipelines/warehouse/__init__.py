"""The owner's side: resolve codes, post movements, keep the ledger, hand it on.

Belongs here: everything that reads or writes `warehouse.duckdb`, the ledger's Parquet, and the runner of dbt.
Does not belong here: how a line becomes an event (`pipelines.feeds`), what a mart says (`dbt_project`),
or what to order (`pipelines.planning`). Only `owner.py` opens `warehouse.duckdb`.
"""
