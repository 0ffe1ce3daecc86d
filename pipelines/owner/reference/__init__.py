"""Reference data as the owner keeps it: versions of rows, and the codes that events are resolved by.

Belongs here: which version holds when, code tables, merges, codes of other systems. Does not belong here: the columns of a
reference file (`pipelines.feeds.declared.reference`).
"""
