"""A reason for every number: from a proposal back to the movements and lines it rests on, in words and as a chart.

Belongs here: reading one item at one place from the published file, the chain of terms with their units and sources, its
English and French words, its chart and page. Does not belong here: deciding or estimating anything (planning did), nor
the short `why` of the tables (`pipelines.planning.explain`). What is shown stands in the published tables, as
planning kept it.
"""
