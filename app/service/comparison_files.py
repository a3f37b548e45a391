"""What leaves the page Compare: its command line, the pins as YAML, the exact comparison as a file."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from app.pins import LETTERS
from app.service.comparison import FORMATS, Effort, asked_of, scenarios
from app.service.service import Refusal
from trialsim.comparison.changes import changes
from trialsim.comparison.designs import compare
from trialsim.comparison.variants import variant_of
from trialsim.report.comparison import rendered
from trialsim.spec.overrides import override_of
from trialsim.spec.written import as_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.pins import Pin
    from app.service.service import Service
    from trialsim.spec.scenario import Scenario


def command(service: Service, pins: Sequence[Pin], effort: Effort) -> str:
    """Return the command line that gives the numbers of the simulation.

    Pins of one base are written as variants of the first; others by the names of their downloads.

    Raises
    ------
    Refusal
        If a pin makes no sense.
    """
    asked = scenarios(service, pins, effort)
    changed = asked_of(service, pins, effort)
    by_name = [shlex.quote(_file_name(number, pin)) for number, pin in enumerate(pins)]
    in_files = " ".join(["python -m trialsim compare", *by_name])
    first = pins[0].state
    if first.packed or any((pin.state.base, pin.state.packed) != (first.base, "") for pin in pins):
        return in_files
    common = service.words_of(first, *changed[0])
    options = [f"--set {shlex.quote(word)}" for word in common]
    for (_, scenario), pin in zip(asked[1:], pins[1:], strict=True):
        own = [f"{one.path}={'null' if one.other == '–' else one.other}" for one in changes(asked[0][1], scenario)]
        text = f"{re.sub('[:=;]', ' ', pin.name)}: {'; '.join(own)}"
        if not own or not _is_the_same(service, pins[0], changed[0], text, scenario):
            return in_files
        options.append(f"--variant {shlex.quote(text)}")
    return " ".join(["python -m trialsim compare", first.base, *options])


def _is_the_same(
    service: Service, reference: Pin, changed: Sequence[tuple[str, Any]], text: str, wanted: Scenario
) -> bool:
    """Return whether a variant of the reference, as text, is the design it shall be."""
    try:
        own = [override_of(change) for change in variant_of(text).changes]
        more = [(".".join(str(part) for part in one.path), one.value) for one in own]
        return not changes(wanted, service.scenario(reference.state, *changed, *more))
    except Refusal:
        return False


def yaml_of(service: Service, pins: Sequence[Pin], number: int, effort: Effort) -> tuple[str, str]:
    """Return the name and the text of a pin as YAML, as it takes part in the simulation.

    Raises
    ------
    Refusal
        If there is no such pin, or it makes no sense.
    """
    if not 0 <= number < len(pins):
        raise Refusal("there is no such pin")
    return _file_name(number, pins[number]), as_yaml(scenarios(service, pins, effort)[number][1])


def exact_file(service: Service, pins: Sequence[Pin], format_: str) -> tuple[str, str]:
    """Return the name and the text of the exact comparison.

    Raises
    ------
    Refusal
        If there is no such format, or the designs cannot be compared exactly.
    """
    if format_ not in FORMATS:
        raise Refusal(f"there is no download {format_[:20]} here")
    return f"comparison-exact.{format_}", rendered(compare(scenarios(service, pins), "exact"), format_)


def _file_name(number: int, pin: Pin) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", pin.name.lower()).strip("-") or "design"
    return f"{LETTERS[number]}-{words}.yaml"
