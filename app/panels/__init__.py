"""The pages, in the order of the navigation. To add one: a file here with `PANEL`, and a line below."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import ModuleType

NAMES = ("explore", "simulate", "replay", "compare", "sweep", "designs")


class Panel(NamedTuple):
    """A page: its name, its address, its name in the navigation, and the module that makes it."""

    name: str
    path: str
    title: str
    module: ModuleType

    def layout(self, *arguments: Any) -> Any:
        """Return the components of the page, from service and state."""
        return self.module.layout(*arguments)

    def register(self, *arguments: Any) -> None:
        """Register the callbacks of the page, from app, service and job manager."""
        self.module.register(*arguments)


def panels() -> tuple[Panel, ...]:
    """Return the pages."""
    found = []
    for name in NAMES:
        if find_spec(f"app.panels.{name}") is not None:
            module = import_module(f"app.panels.{name}")
            found.append(Panel(name, "/" if name == "explore" else f"/{name}", name.capitalize(), module))
    return tuple(found)
