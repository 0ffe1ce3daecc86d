"""The standing processes of a home: what `parstock up` starts, watches and ends, and the one that validates after a command.

Belongs here: starting, restarting, signs of life. Does not belong here: the work itself (`pipelines.ingest`, `pipelines.owner`,
`pipelines.build`, `pipelines.planning`).
"""
