"""The one error type that is meant for the person at the terminal."""

from __future__ import annotations

USAGE_EXIT_CODE = 2


class PlatformProblem(Exception):
    """Something the person can put right: one sentence that says what happened and what to do.

    The command line prints it without a stack trace and exits with `exit_code`.
    """

    exit_code = USAGE_EXIT_CODE
