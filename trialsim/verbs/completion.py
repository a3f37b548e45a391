"""What a shell completes: files, and the names that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return that the shell shall complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


def sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the scenarios and designs that ship and begin like this; or a file."""
    return _named(ctx, param, incomplete, ("scenarios", "designs"))


def designs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the designs that ship and begin like this; or a file."""
    return _named(ctx, param, incomplete, ("designs",))


def _named(ctx: click.Context, param: click.Parameter, incomplete: str, rooms: tuple[str, ...]) -> list[CompletionItem]:
    from trialsim.spec.shipped import shipped_names

    names = dict.fromkeys(name for room in rooms for name in shipped_names(room) if name.startswith(incomplete))
    return [*files(ctx, param, incomplete), *map(CompletionItem, names)]
