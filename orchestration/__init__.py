"""The path of data as Dagster shows and schedules it: assets in path order, checks, jobs, schedules, sensors.

Belongs here: what Dagster needs to know of the product's own stages, and when they run. Does not belong here: a formula,
SQL, or work of any kind: an asset's body calls `pipelines`, so that everything also runs without Dagster (`parstock run`).

Folder = schema = group: who knows the tree knows the tables and the asset graph. `definitions.py` puts all together;
`parstock serve` and `parstock up` start it (`pipelines.processes.scheduler`).
"""
