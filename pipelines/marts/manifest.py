"""dbt's manifest of the project as it stands, parsed once and kept: who shows the models need not wait for dbt.

Belongs here: when a kept manifest still holds, and parsing a new one. Does not belong here: building (`dbt`), or
what is read out of a manifest. A manifest is the same in every home; it is kept in the home because the project's folder
may be read-only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from pipelines.errors import UserError
from pipelines.settings import DBT_PROJECT, Home

_NO_PART: Final = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


def manifest_of(home: Home, project: Path = DBT_PROJECT) -> Path:
    """The manifest of the project's files as they are now; parsed (8 s) only when one of them has changed.

    Raises UserError (exit code 3) where dbt cannot read the project.
    """
    folder = home.run / "dbt"
    kept = folder / f"manifest-{content_of(project)}.json"
    if kept.exists():
        return kept
    # Two that parse at the same time each have a folder of their own; the rename is the last word of either.
    target = folder / f"parse-{os.getpid()}"
    target.mkdir(parents=True, exist_ok=True)
    try:
        _parse(home, project, target)
        for old in folder.glob("manifest-*.json"):
            old.unlink(missing_ok=True)
        (target / "manifest.json").rename(kept)
    finally:
        shutil.rmtree(target, ignore_errors=True)
    return kept


def _parse(home: Home, project: Path, target: Path) -> None:
    options = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target, "--no-partial-parse"]
    quiet = ["--quiet", "--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats"]
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse", *map(str, options), *quiet],
        env={**os.environ, "PARSTOCK_HOME": str(home.root.resolve()), "DO_NOT_TRACK": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())[-2000:]
        raise UserError("dbt cannot read the project", where=said or str(project), next_step="parstock build", exit_code=3)


def content_of(project: Path) -> str:
    """A name for what the project says. Seeds count by name alone: their rows are not in the manifest, and planners change them."""
    seen = hashlib.sha256(os.environ.get("PARSTOCK_POLICY_DIR", "").encode())
    for folder, names, files in os.walk(project):
        names[:] = sorted(name for name in names if name not in _NO_PART and not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            seen.update(path.relative_to(project).as_posix().encode() + b"\0")
            if path.suffix in (".sql", ".yml", ".yaml", ".md"):
                seen.update(path.read_bytes())
    return seen.hexdigest()[:16]
