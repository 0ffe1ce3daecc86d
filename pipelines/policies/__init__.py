"""Planners' policies: the CSV files that say what to hold back, how to plan and what each KPI should reach.

Belongs here: finding what is wrong with them before anything is computed from them, with file, line and remedy. Does not
belong here: what a policy does (dbt, `pipelines.planning.rules`), and whether what it names exists (dbt: it may still come).
"""
