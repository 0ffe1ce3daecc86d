"""Files for people and other systems, each of one publication: proposals as XLSX and CSV, the daily brief, the tables' reference.

Belongs here: which columns and sentences go out, and how a file is written whole and
kept. Everything is read from the published file. Does not belong here: words (`pipelines.words`), formulas (dbt and planning have them), the
published file itself (`pipelines.publish`), or sending anything to anybody.
"""
