"""A wheel brings the parsed dbt project along, so that no first command parses it; hatchling runs this while it builds one.

dbt has to be there then (`make wheel`, or any build without isolation in an environment with parstock's packages). Without it
the wheel is complete, and the first command parses once.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Prepared(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `pipelines/marts/prepared/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Parse the project and include what came out; an editable installation keeps it in its environment instead."""
        if version == "editable" or importlib.util.find_spec("dbt") is None:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="parstock-")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PARSTOCK_")} | {"PYTHONPATH": self.root}
        command = [sys.executable, "-m", "pipelines.marts.prepare", "--into", self._folder.name]
        subprocess.run(command, env=environment, cwd=self.root, check=True)
        for file in Path(self._folder.name).iterdir():
            build_data["force_include"][str(file)] = f"pipelines/marts/prepared/{file.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
