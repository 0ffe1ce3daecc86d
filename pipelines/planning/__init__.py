"""How much to hold and what to order: estimates and decisions over frames.

Belongs here: one module per quantity (formulas: expressions in, an expression out), the policy that puts them
together (`policy.plan`), its sentences (`explain`), and the border to the warehouse (`inputs`, `run`).
Does not belong here: counting and describing (demand per day, its mean and variance, observed lead times, positions:
SQL does that in the dbt project), engines (Beam, dbt, Dagster, Great Expectations), planning policy itself (seeds).
"""
