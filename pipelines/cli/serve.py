"""`parstock serve`: the schedules and their page, in front of the person who started them.

Belongs here: saying where the page is, and waiting. Does not belong here: the processes (`pipelines.processes.scheduler`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsOf, HomeDir, home_at


def serve(
    home: HomeDir = DEFAULT_HOME,
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, help="Of the page on loopback; taken: the next free one. 0: PARSTOCK_SCHEDULER_PORT, else 3000."
        ),
    ] = 0,
    as_of: AsOf = None,
) -> None:
    """Schedules and Dagster's page, until stopped.

    The page is on loopback and changes nothing. Ctrl-C ends it.
    """  # fmt: skip
    from pipelines.processes.scheduler import serve_until_stopped

    serve_until_stopped(home_at(home), port=port, as_of=as_of)
