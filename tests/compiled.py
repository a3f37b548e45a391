"""Inner functions of kernels have no wrapper that Python could call them through; here they get one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def called(inner: Any) -> Callable[..., Any]:
    """Return a compiled function that calls a compiled function."""

    @numba.njit  # type: ignore[untyped-decorator]
    def outer(*arguments: Any) -> Any:
        return inner(*arguments)

    return outer  # type: ignore[no-any-return]
