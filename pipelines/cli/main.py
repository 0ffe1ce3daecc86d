"""The entry point: the commands in path order, errors in words, exit codes.

Belongs here: the list of commands, what becomes of an exception, the end of the process. Does not belong here: the
commands themselves (`work` moves data, `look` shows it).

Exit codes: 0 done; 1 the data is not good enough; 2 wrong usage; 3 the machine or its setup is at fault.
"""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer

from pipelines.cli import alerts, backup, decisions, explain, export, gates, look, serve, withdraw, work
from pipelines.errors import UserError

app = typer.Typer(
    name="parstock", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="One stock figure for every shelf, and the order that keeps it full.",
    epilog="Exit codes: 0 done, 1 data not good enough, 2 wrong usage, 3 machine fault.",
)  # fmt: skip
for command in (
    work.demo, work.ingest, work.build, gates.gates, work.plan, explain.explain, work.publish, export.export, export.brief, alerts.alerts,
    work.run, work.up, serve.serve, work.rebuild,
    backup.backup, backup.restore,
    look.sql, look.feeds, look.rejects, withdraw.withdraw, decisions.decisions, decisions.undo, look.doctor,
):  # fmt: skip
    app.command(no_args_is_help=False)(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit code."""
    try:
        code = call(sys.argv[1:] if arguments is None else arguments)
    except Exception:
        # Not foreseen, so the traceback is what helps; and it is ours, not the data's.
        traceback.print_exc()
        code = 3
    leave(code)


def call(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code, and has said on stderr what went wrong."""
    if folder := os.environ.get("PARSTOCK_POLICY_DIR"):
        os.environ["PARSTOCK_POLICY_DIR"] = str(Path(folder).absolute())  # as named where the user stands, wherever it is read
    try:
        code = app(list(arguments), standalone_mode=False, prog_name="parstock")
        return code if isinstance(code, int) else 0
    except typer.Exit as leaving:
        return leaving.exit_code
    except (typer.Abort, KeyboardInterrupt):
        _complain("stopped")
        return 130
    except UserError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _complain(f"{error.strerror or error}" + (f"\n  where  {error.filename}" if error.filename else "") + "\n  next   parstock doctor")
        return 3
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "show"):  # a usage error of the command line's parser
            error.show()
            return int(error.exit_code)
        raise


def _complain(message: str) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("error: ", style="bold red", end="")
    console.print(message, markup=False)


def leave(code: int) -> NoReturn:
    """End the process now, with everything written.

    Beam, dbt and the owner leave threads behind that hold engine objects; letting the interpreter tear itself down under
    them takes a second and makes the engine's binding print lists of leaked objects. Nothing is lost: every file is
    closed and synced when a command returns.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 3
    os._exit(code)
