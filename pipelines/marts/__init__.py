"""Running dbt, and the files of a finished build.

Belongs here: dbt's arguments and results, the parsed project, the export of `marts.duckdb` to `marts/<build>/`. Does not belong
here: the order of a build and its gates (`pipelines.build`), what a mart says (`dbt_project`).
"""
