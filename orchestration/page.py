"""Dagster's web page for this machine alone: `python -m orchestration.page`, with the options of `dagster-webserver`.

Belongs here: whom the page answers, and what. Does not belong here: where it listens (`pipelines.processes.scheduler`).
"""

from __future__ import annotations

import dagster_webserver.app
from dagster_graphql.schema import create_schema, types
from dagster_webserver.cli import main
from dagster_webserver.webserver import DagsterWebserver
from graphene import Schema
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

HOSTS = ["127.0.0.1", "localhost"]


class LocalWebserver(DagsterWebserver):  # type: ignore[type-arg]  # its base is generic over the process context
    """Shows, and changes nothing; answers only when called by a name of this machine.

    `--read-only` alone leaves some mutations open, and Dagster takes mutations in the address of a GET, which any page
    in the same browser can send. So the schema has none. A page elsewhere whose own name is made to point here (DNS
    rebinding) could read; it calls itself by that name in the `Host` header, and is not answered.
    """

    def build_graphql_schema(self) -> Schema:
        """Dagster's, without a single mutation."""
        whole = create_schema()
        return Schema(query=whole.query, subscription=whole.subscription, types=types())  # type: ignore[no-untyped-call]

    def build_middleware(self) -> list[Middleware]:
        """The usual ones behind the look at `Host`."""
        return [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), *super().build_middleware()]


dagster_webserver.app.DagsterWebserver = LocalWebserver  # type: ignore[attr-defined]  # what its command line makes the page of

if __name__ == "__main__":
    main()  # type: ignore[no-untyped-call]
