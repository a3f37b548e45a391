"""The command line. Results go to stdout, everything else to stderr; heavy packages are imported where they are used.

Exit codes: 0 done; 2 the user's input is wrong; 3 a simulated value disagrees with its exact value; 1 anything else.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys

import click

from trialsim._version import __version__
from trialsim.errors import TrialsimError
from trialsim.verbs import about, compare, replay, results, run, sweep
from trialsim.verbs.analyse import analyse
from trialsim.verbs.boundaries import boundaries
from trialsim.verbs.report import report
from trialsim.verbs.search import search


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="trialsim")
def app() -> None:
    """Adaptive clinical trial designs: exact where possible, simulated where not, checked against each other.

    \b
    Example:
      python -m trialsim run scenarios/gist.yaml
    """


for _verb in (
    run.run,
    about.check,
    boundaries,
    sweep.sweep,
    compare.compare,
    replay.replay,
    search,
    analyse,
    report,
    results.results,
    about.validate,
    about.schema,
    about.list_,
):
    app.add_command(_verb)


def main() -> None:
    """Run the command line; a user's mistake is one sentence and an exit code, never a traceback."""
    # Importing makes many objects that live to the end; looking for garbage among them is a tenth of a short run.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "±" shows "?" instead of a traceback
    try:
        app.main(standalone_mode=False)
        sys.stdout.flush()
    except TrialsimError as error:
        click.echo(f"trialsim: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("trialsim: stopped; no file is left half-written.", err=True)
        sys.exit(1)
    except OSError as error:
        # Nobody must complain at exit that stdout cannot be flushed. Whoever read it has gone (| head): no error.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            click.echo(f"trialsim: the system refused ({error.strerror or error}).", err=True)
            sys.exit(1)
