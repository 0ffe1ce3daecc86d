"""What the install step prepares: the parsed project and its manifest, so that no first command waits for dbt to parse.

`python -m pipelines.marts.prepare [PROJECT] [OTHERWISE]` keeps both beside the installed packages, or the manifest at OTHERWISE
where nothing may be written there; `--into FOLDER` writes them there, for a wheel. Belongs here: that command. Does not belong
here: where they are kept and found (`parsed_project`).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.durable import write_bytes_whole
from pipelines.errors import UserError
from pipelines.marts.dbt import parse_project
from pipelines.marts.parsed_project import keep, kept, name_of
from pipelines.settings import DBT_PROJECT, Home


def prepare(project: Path, *, otherwise: Path | None = None, into: Path | None = None) -> list[Path]:
    """Have the parsed project and its manifest; returns the files. Raises UserError (exit code 3) where dbt cannot read the project."""
    with tempfile.TemporaryDirectory(prefix="parstock-") as folder:
        manifest = parse_project(Home(Path(folder) / "home").make(), project)
        shown_content = _as_json(manifest, Path(folder) / "manifest.json")
    parsed, shown = name_of(project, "msgpack"), name_of(project, "json")
    contents = {parsed: manifest.to_msgpack(), shown: shown_content}
    files = []
    for name, content in contents.items():
        if into is not None:
            write_bytes_whole(into / name, content)
        elif next(kept(name), None) is None and keep(name, content) is None and otherwise is not None and name == shown:
            write_bytes_whole(otherwise, content)
        files.append(into / name if into is not None else next(kept(name), otherwise or Path(name)))
    return files


def _as_json(manifest: Any, file: Path) -> bytes:
    from dbt.flags import get_flags

    flags: Any = get_flags()  # type: ignore[no-untyped-call]  # dbt is not typed
    if not hasattr(flags, "SEND_ANONYMOUS_USAGE_STATS"):  # nothing was parsed in this process: dbt asks all the same
        flags.SEND_ANONYMOUS_USAGE_STATS = False
    manifest.writable_manifest().write(str(file))
    return file.read_bytes()


def main(arguments: Sequence[str]) -> int:
    """The command; says what is wrong on stderr."""
    into = Path(arguments[1]) if arguments[:1] == ["--into"] else None
    named = [] if into else [Path(argument) for argument in arguments]
    try:
        prepare(named[0] if named else DBT_PROJECT, otherwise=named[1] if len(named) > 1 else None, into=into)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
