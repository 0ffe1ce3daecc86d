"""How it comes in: which files are taken and when, units of work, and the Beam pipelines that parse them into the spool.

Belongs here: sources (`sources/`), the survey of a file, the parse stage, its wiring in batch and as a standing stream.
Does not belong here: what a line means (`pipelines.feeds`), the form of the spool (`pipelines.spool`), the warehouse,
which this package never opens. Beam is imported inside functions and by `transforms.py` only, because it takes seconds.
"""
