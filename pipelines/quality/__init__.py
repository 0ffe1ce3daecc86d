"""Gates: what must hold of new data before anything is decided from it.

Belongs here: the rules of the feeds (from their declarations) and of the marts, the suites of Great Expectations that they
become, the looks that decide in SQL compiled from those suites, what stands in the spool of the looks, the library's own
answers and its reports. Does not belong here: the form of single lines, which ingest judges (`pipelines.feeds`); keys, nulls
and laws that a dbt test states (`dbt_project`); the process in which the library runs (`pipelines.processes.validation`).

Great Expectations takes seconds to load: it is imported in `_gx` alone, and no gate waits for it.
"""
