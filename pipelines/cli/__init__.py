"""The `parstock` command.

Belongs here: the words of the command line, what is printed and how, exit codes. Does not belong here: the work, which
`pipelines.stages`, `pipelines.processes.up` and `pipelines.publish` do. The modules import typer and rich at the top and
everything else inside a command, so that `parstock --help` costs nothing.
"""

from pipelines.cli.main import main

__all__ = ["main"]
