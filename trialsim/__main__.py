"""`python -m trialsim`, and the program `trialsim`."""

import sys


def run() -> None:
    """Run the command line; Ctrl-C while it is still being loaded is no traceback either."""
    try:
        from trialsim.cli import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("trialsim: stopped; no file is left half-written.\n")
        sys.exit(1)


if __name__ == "__main__":
    run()
