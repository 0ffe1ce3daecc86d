"""What comes in: each feed as a frozen declaration, and how its lines become rows of the one event schema.

Belongs here: the feeds' fields, kinds, identity and expectations, the strict readers of JSON Lines, CSV and EPCIS,
the checks of form, and the reasons why a line is set aside. Does not belong here: which files are taken and when
(`pipelines.ingest`), what codes mean and what an event posts (`pipelines.owner`), any engine but Polars.

A feed is added with one module that declares it and one line in `registry.py`.
"""
