"""The reference of every table and column, as dbt knows them: one static page beside the published file.

Belongs here: both ends of the process that has dbt write it (`python -m pipelines.exports.docs HOME PROJECT`). dbt gets a
target of its own, so that the artefacts of the last build stay as they were. Does not belong here: the descriptions,
which stand with the models.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from pipelines.errors import UserError
from pipelines.exports.files import whole
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, Home

_PAGE: Final = "static_index.html"  # dbt's name
_NICENESS: Final = 10


def docs_file(home: Home) -> Path:
    """Where the page lies.

    >>> docs_file(Home(Path("/srv/shop"))).as_posix()
    '/srv/shop/published/docs/index.html'
    """
    return home.published / "docs" / "index.html"


def write_docs(home: Home, *, project: Path = DBT_PROJECT) -> Path:
    """Have dbt write the page, and put it in place whole; returns its path.

    Waits for a build under way. Raises UserError: exit code 2 in a home that was never built, 3 where dbt cannot.
    """
    if not home.marts_file.exists():
        raise UserError("there are no marts to describe yet", where=str(home.marts_file), next_step="parstock run --from DIR")
    log = _folder(home) / "process.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.exports.docs", str(home.root.resolve()), str(project.resolve())],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": path}, check=False,
        )  # fmt: skip
    made = _folder(home) / "target" / _PAGE
    if done.returncode != 0 or not made.is_file():
        raise UserError("dbt could not write the reference", where=_last_line(log), next_step=f"more in {log}", exit_code=3)
    target = docs_file(home)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole(target) as temporary:
        shutil.copyfile(made, temporary)
    made.unlink()
    return target


def _folder(home: Home) -> Path:
    return home.run / "dbt" / "docs"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it gave no reason")


def _generate(home: Home, project: Path) -> bool:
    """Run `dbt docs generate --static` under the build lock, for the catalogue reads the marts' database."""
    from dbt.cli.main import dbtRunner

    from pipelines.build.build import build_lock
    from pipelines.marts.dbt import environment

    target = _folder(home) / "target"
    target.mkdir(parents=True, exist_ok=True)
    parsed = home.run / "dbt" / "target" / "partial_parse.msgpack"
    if parsed.is_file() and not (target / parsed.name).exists():
        shutil.copyfile(parsed, target / parsed.name)  # what a build has parsed need not be parsed again
    options = [
        "--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target), "--log-path", str(_folder(home)),
        "--log-level", "warn", "--log-level-file", "info", "--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats",
    ]  # fmt: skip
    with environment(home), build_lock(home):
        result = dbtRunner().invoke(["docs", "generate", "--static", *options])
    if result.exception is not None:
        print(" ".join(str(result.exception).split()))
    return bool(result.success)


def main() -> None:
    """The process's own end: it says nothing but what went wrong."""
    os.nice(_NICENESS)
    try:
        is_done = _generate(Home(Path(sys.argv[1])), Path(sys.argv[2]))
    except UserError as error:
        print(" ".join(str(error).split()))
        is_done = False
    sys.stdout.flush()
    os._exit(0 if is_done else 1)


if __name__ == "__main__":
    main()
