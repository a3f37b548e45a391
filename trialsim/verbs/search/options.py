"""What the families of `search` share: options, and how an answer is shown and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trialsim.errors import InputError
from trialsim.verbs.completion import files
from trialsim.verbs.options import FORMATS, emit

if TYPE_CHECKING:
    from collections.abc import Callable

    from trialsim.search.found import Search


def rate(ctx: click.Context, param: click.Parameter, value: Any) -> float | None:  # noqa: ARG001 - click's signature
    """Return a rate that was given as a number or as a fraction of counts, 0.2 or 3/15; for click's `callback`.

    Raises
    ------
    InputError
        If it is neither.
    """
    from trialsim.spec.fields import parse_rate

    if value is None:
        return None
    try:
        return parse_rate(_number(value))
    except ValueError as error:
        raise InputError(f"{param.opts[0]} {value}: is not {error}") from None


def patients(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:  # noqa: ARG001
    """Return numbers of patients that were given with commas between them, 15,25; for click's `callback`.

    Raises
    ------
    InputError
        If they are not whole numbers.
    """
    if value is None:
        return None
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise InputError(
            f"{param.opts[0]} {value}: whole numbers with commas between them are needed, as 15,25"
        ) from None


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def rate_options(command: Any) -> Any:
    """Add --null-rate and --target-rate to a command."""
    for option in (
        click.option("--target-rate", callback=rate, required=True, metavar="RATE", help="Response rate worth having."),
        click.option(
            "--null-rate",
            callback=rate,
            required=True,
            metavar="RATE",
            help="Response rate of no interest: 0.05, or 1/20.",
        ),
    ):
        command = option(command)
    return command


def error_options(command: Any) -> Any:
    """Add --alpha and --beta to a command."""
    for option in (
        click.option(
            "--beta",
            metavar="RATE",
            type=str,
            callback=rate,
            default=0.10,
            show_default=True,
            help="1 - power at the target rate.",
        ),
        click.option(
            "--alpha",
            metavar="RATE",
            type=str,
            callback=rate,
            default=0.05,
            show_default=True,
            help="One-sided type I error.",
        ),
    ):
        command = option(command)
    return command


def n_max_option(default: int) -> Callable[[Any], Any]:
    """Return the option --n-max."""
    return click.option(
        "--n-max", type=int, default=default, show_default=True, metavar="N", help="Most patients of a design."
    )


def output_options(command: Any) -> Any:
    """Add --format, --out and --save to a command."""
    for option in (
        click.option("--save", metavar="FOLDER", help="Also write each design there as YAML, ready for run and check."),
        click.option(
            "--out", metavar="PATH", shell_complete=files, help="Write the answer there instead of to stdout."
        ),
        click.option(
            "--format", "format_", type=click.Choice(FORMATS), help="Default: text, or what the suffix of --out says."
        ),
    ):
        command = option(command)
    return command


def show(search: Search, format_: str | None, out: str | None, save: str | None) -> None:
    """Print (or write) the answer, and save its designs.

    Raises
    ------
    InputError
        If a path cannot be written.
    """
    from trialsim.files import check_writable
    from trialsim.report.formats import format_of
    from trialsim.report.search_tables import rendered

    if out is not None:
        check_writable(out, "--out")
    text = rendered(search, format_ or format_of(out))
    if save is not None:
        save_designs(search, save)
    emit(text, out)


def save_designs(search: Search, folder: str) -> None:
    """Write each design (or scenario) as YAML into a folder, which is made if need be.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from pathlib import Path

    from trialsim.files import write_text
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario
    from trialsim.spec.written import as_yaml

    documents = {str(found.document["name"]): found.document for found in search.designs if found.document}
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--save {folder}: cannot be made ({error.strerror or error}); choose another folder"
        ) from None
    for name, document in documents.items():
        model = Scenario if str(document["schema"]).startswith("trialsim.scenario") else Design
        path = Path(folder) / f"{name}.yaml"
        write_text(path, as_yaml(model.model_validate(document)), "--save")
        click.echo(f"Written to {path}.", err=True)
