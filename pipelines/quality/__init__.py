"""Gates: what must hold of new data before anything is decided from it, evaluated by Great Expectations.

Belongs here: the rules of the feeds (compiled from their declarations) and of the marts, the looks that evaluate them on
what is new, what stands in the spool of those looks, their reports. Does not belong here: the form of single lines, which
ingest judges (`pipelines.feeds`); keys, nulls and laws that a dbt test states (`dbt_project`).

Great Expectations takes seconds to load: it is imported in `_gx` alone, and only when there is something to look at.
"""
