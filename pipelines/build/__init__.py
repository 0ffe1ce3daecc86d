"""A build of the marts: gates, dbt, gate, export, here or in a process of its own.

Belongs here: the order of a build, its lock and its process. Does not belong here: dbt's details (`pipelines.marts`), what the
gates ask (`pipelines.quality`), publishing (`pipelines.publish`).
"""
