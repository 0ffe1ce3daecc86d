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
            "--port", min=0, max=65535, help="Port of the page; the next free one if it is taken. 0: PARSTOCK_SCHEDULER_PORT, else 3000."
        ),
    ] = 0,
    as_of: AsOf = None,
) -> None:
    """Run the schedules and Dagster's page.

    The page is read-only, for this machine alone. Ctrl-C ends it.
    """  # fmt: skip
    from pipelines.processes.scheduler import serve_until_stopped

    serve_until_stopped(home_at(home), port=port, as_of=as_of)
