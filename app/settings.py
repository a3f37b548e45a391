"""What whoever runs the dashboard decides: where it listens, where results are kept, how much a visitor may ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Settings:
    """Limits and places. Each can be set by an environment variable, TRIALSIM_ and its name in capitals."""

    host: str = "127.0.0.1"
    """Who can reach it: this machine only, unless another address is given."""
    port: int = 8050
    allowed_hosts: str = ""
    """Further names by which browsers may call it, separated by commas; a reverse proxy's, for example."""
    store: str = "results/trialsim.sqlite"
    """The store of results, the same as the command line's."""
    threads: int = 8
    """Requests answered at once."""
    max_trials: int = 200_000
    """Calendar trials of a request."""
    max_sims: int = 2_000_000
    """Ideal replicates of a request."""
    max_cells: int = 2_500
    """Cells of a sweep."""
    max_upload: int = 256_000
    """Bytes of an uploaded file."""
    max_read_seconds: int = 10
    """Seconds that an uploaded file, or one in a link, may take to read."""
    max_request: int = 1_000_000
    """Bytes of any request."""
    n_running: int = 2
    """Simulations under way at once; others wait."""
    n_waiting: int = 8
    """Simulations that may wait; more are turned away with a sentence."""
    n_per_visitor: int = 3
    """Simulations of one browser that run or wait at once."""
    max_job_seconds: int = 1_800
    """Seconds after which a simulation is stopped."""
    n_jobs: int = 1
    """Threads of a simulation."""
    celery_broker: str = ""
    """Address of a Celery broker, for several server processes; empty: simulations run in this one."""
    warm: bool = True
    """Whether the kernels are compiled before the first visitor comes."""


def settings_from_environment() -> Settings:
    """Return the settings, each from its environment variable if there is one.

    Raises
    ------
    ValueError
        If a number is none, in one sentence.
    """
    found: dict[str, str | int | bool] = {}
    for field in fields(Settings):
        name = f"TRIALSIM_{field.name.upper()}"
        text = os.environ.get(name)
        if text is None:
            continue
        if field.type == "int":
            if not text.strip().isdecimal():
                raise ValueError(f"{name}: found {text!r}; a whole number is expected.")
            found[field.name] = int(text)
        elif field.type == "bool":
            found[field.name] = text.strip().lower() not in ("0", "false", "no", "")
        else:
            found[field.name] = text
    return Settings(**found)  # type: ignore[arg-type]
