"""dbt's manifest of the project as it stands, as the file that others read: who shows the models need not wait for dbt.

Belongs here: finding a kept manifest that holds, and having one made. Does not belong here: where it is kept
(`parsed_project`), building (`dbt`), or what is read out of a manifest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.errors import UserError
from pipelines.marts.parsed_project import kept, name_of
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, Home


def manifest_of(home: Home, project: Path = DBT_PROJECT) -> Path:
    """The manifest of the project's files as they are now; parsed (8 s) only where the one of the installation does not fit.

    It lies in the home where nothing else may be written to. Raises UserError (exit code 3) where dbt cannot read the project.
    """
    name = name_of(project, "json")
    in_home = home.run / "dbt" / name
    found = next(kept(name), in_home)
    if not found.exists():
        in_home.parent.mkdir(parents=True, exist_ok=True)
        for old in in_home.parent.glob("*-*.json"):
            old.unlink(missing_ok=True)
        _prepare(project, in_home)
        found = next(kept(name), in_home)
    return found


def _prepare(project: Path, otherwise: Path) -> None:
    """In a process of its own: dbt leaves much behind in the one that parses."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.marts.prepare", str(project), str(otherwise)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())[-2000:]
        raise UserError("dbt cannot read the project", where=said or str(project), next_step="parstock build", exit_code=3)
