"""The errors a user is meant to read: what happened, where, how much, and what to do next.

Belongs here: the exception types that the command prints without a traceback.
Does not belong here: reasons of single rows (they are data: `pipelines.feeds.reasons`).
"""

from __future__ import annotations


class UserError(Exception):
    """A fault that the person at the keyboard can fix.

    `what` says what happened, `where` the file, line or table, `next_step` what to type or change now.
    `exit_code` follows the command's convention: 1 the data is not good enough, 2 wrong usage,
    3 the machine or its setup is at fault.

    >>> print(UserError("no feed is called 'till'", next_step="parstock feeds"))
    no feed is called 'till'
      next   parstock feeds
    """

    def __init__(self, what: str, *, where: str | None = None, next_step: str | None = None, exit_code: int = 2) -> None:
        self.what, self.where, self.next_step, self.exit_code = what, where, next_step, exit_code
        lines = [what]
        if where:
            lines.append(f"  where  {where}")
        if next_step:
            lines.append(f"  next   {next_step}")
        super().__init__("\n".join(lines))
