"""The only file that chooses numba's options, and where compiled kernels are kept.

Numba's disk cache does not notice a change in a function that a cached one calls, so the cache folder is named by a
digest of all kernel sources: any change begins an empty one. Nor does it tell code whose bounds are checked from code
whose are not: the digest does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

from trialsim.kernels._cache import CheckedCache

_Function = TypeVar("_Function", bound=Callable[..., Any])


def sources_digest() -> str:
    """Return a digest of the kernel sources and of what compiles them."""
    checked = bool(numba.config.BOUNDSCHECK)  # type: ignore[attr-defined]  # numba sets its names at run time
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:3]} {checked}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """Return a folder for compiled kernels that can be written, or None."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    base = Path(named) if named else Path(home) / "trialsim"
    if not named and not base.is_absolute():  # nobody has a home here; a folder called "~" would be no better
        return None
    folder = base / f"kernels-{sources_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return None
    return folder


CACHE_FOLDER = _cache_folder()
if CACHE_FOLDER is not None:
    numba.config.CACHE_DIR = str(CACHE_FOLDER)  # type: ignore[attr-defined]  # numba sets its names at run time

# error_model="numpy" drops the checks that raise on division; nogil lets joblib's threads run side by side.
# fastmath stays off: it may reorder or drop operations whose bits matter.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False, "boundscheck": None}

# Without the wrappers that Python would call it through, an inner function compiles in two thirds of the time.
_INNER: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: _Function) -> _Function:
    """Compile a function that Python calls; kept on disk between runs."""
    compiled = numba.njit(**_OPTIONS)(function)
    if CACHE_FOLDER is not None and compiled is not function:  # without compilation numba gives the function back
        with contextlib.suppress(OSError, RuntimeError):  # numba finds no place: compiled anew each time
            compiled._cache = CheckedCache(function)
    return cast("_Function", compiled)


def loop(function: _Function) -> _Function:
    """Compile a loop that kernels call."""
    return cast("_Function", numba.njit(**_INNER)(function))


def once(function: _Function) -> _Function:
    """Write a function that is called in one place into its caller: it is compiled with it, not before it as well."""
    return cast("_Function", numba.njit(inline="always", **_INNER)(function))


def inlined(function: _Function) -> _Function:
    """Compile a small function into its callers, so that their loops vectorise."""
    return cast("_Function", numba.njit(forceinline=True, **_INNER)(function))


if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]

    def as_float(word: Any) -> Any:
        """Return the double whose bits a word holds."""
        return np.uint64(word).view(np.float64)

    def as_word(number: Any) -> Any:
        """Return the bits of a double as a word."""
        return np.float64(number).view(np.uint64)

    def borrowed(array: Any) -> Any:
        """Return the array."""
        return array

else:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def as_float(typingctx: Any, word: Any) -> Any:  # noqa: ARG001 - numba's own signature
        """Return the double whose bits a word holds; costs nothing, and loops with it vectorise."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.uint64), generate

    @intrinsic
    def as_word(typingctx: Any, number: Any) -> Any:  # noqa: ARG001
        """Return the bits of a double as a word."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            return builder.bitcast(args[0], ir.IntType(64))

        return types.uint64(types.float64), generate

    @intrinsic
    def borrowed(typingctx: Any, array: Any) -> Any:  # noqa: ARG001
        """Return the array without its reference count, for use while the caller keeps it alive.

        Each view of a counted array costs two atomic operations: a fifth of a patient-level kernel's time.
        """

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            found = context.make_array(signature.args[0])(context, builder, value=args[0])
            found.meminfo = context.get_constant_null(types.voidptr)
            found.parent = context.get_constant_null(types.pyobject)
            return found._getvalue()

        return array(array), generate
