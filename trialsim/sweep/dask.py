"""The door to Dask: a cluster of ours or an existing one, whose workers must be what we are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trialsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_S = 5.0
"""How long a scheduler has to answer."""


@contextmanager
def cluster(scheduler: str | None, n_jobs: int) -> Iterator[None]:
    """Let joblib's "dask" backend work on the cluster at an address, or on one of this machine's processes.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler does not answer, it has no workers, or a worker differs from us.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError('--backend dask: Dask is not installed; install "trialsim[dask]".') from None
    if scheduler is None:
        from joblib import cpu_count

        n_workers = cpu_count() if n_jobs == -1 else n_jobs
        with (
            LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None) as own,  # type: ignore[no-untyped-call]
            Client(own) as client,  # type: ignore[no-untyped-call]
        ):
            _check_workers(client, "this machine")
            yield
        return
    try:
        client = Client(scheduler, timeout=ANSWER_S, set_as_default=True)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({reason}); name one such as tcp://host:8786"
        ) from None
    with client:
        _check_workers(client, scheduler)
        yield


def identity() -> tuple[str, str]:
    """Return the version of trialsim here, and a digest of its kernels and of what compiles them."""
    from trialsim._version import __version__
    from trialsim.kernels._jit import sources_digest

    return __version__, sources_digest()


def _check_workers(client: Any, where: str) -> None:
    """Refuse workers whose answers might differ from ours."""
    try:
        found: dict[str, tuple[str, str]] = client.run(identity)
    except Exception as error:  # whatever a worker without trialsim raises
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(f"--scheduler {where}: its workers cannot run trialsim ({reason})") from None
    if not found:
        raise InputError(f"--scheduler {where}: the cluster has no workers; start some (dask worker {where})")
    own = identity()
    for worker, (version, digest) in sorted(found.items()):
        if (version, digest) != own:
            other = version if version != own[0] else f"{version} with other kernels or another numba"
            raise InputError(
                f"--scheduler {where}: worker {worker} has trialsim {other}, here is {own[0]}; make them equal"
            )
