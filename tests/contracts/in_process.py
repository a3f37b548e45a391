"""The command line called in this process: a second quicker than in one of its own."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch


class Ran(NamedTuple):
    """Exit code, stdout and stderr."""

    code: int
    out: str
    err: str


def called(cwd: Path, *words: str) -> Ran:
    """Call trialsim with these words in a folder."""
    from trialsim.cli import main

    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(cwd),
        patch.object(sys, "argv", ["trialsim", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(str(ended.code or 0))
    return Ran(code, out.getvalue(), err.getvalue())
