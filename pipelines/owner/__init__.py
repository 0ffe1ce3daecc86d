"""The one writer: it resolves codes, posts movements, keeps the ledger and hands it on.

Belongs here: everything that reads or writes `warehouse.duckdb`. Does not belong here: how a line becomes an event
(`pipelines.feeds`), the form of what is handed on (`pipelines.ledger`), what a mart says (`dbt_project`), or what to order
(`pipelines.planning`). Only `owner.py` opens `warehouse.duckdb`.
"""
