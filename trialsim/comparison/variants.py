"""`--variant "NAME: PATH=VALUE; PATH=VALUE"`: one more design, made out of a scenario by changing some fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError
from trialsim.spec.overrides import override_of

if TYPE_CHECKING:
    from trialsim.spec.overrides import Override

_HOW = 'write it as "PATH=VALUE; PATH=VALUE", with "NAME:" before it if it shall have a name'
_NAME = re.compile(r"^\s*([^=:;]*):")
"""What stands before the first colon, if that comes before the first equals sign."""


class Variant(NamedTuple):
    """Changes that make one design out of a scenario."""

    label: str
    changes: tuple[str, ...]
    """`PATH=VALUE` each."""
    option: str = "--variant"

    def overrides(self) -> list[Override]:
        """Return the changes, new each time: loading a scenario may change what they hold."""
        found = [override_of(change) for change in self.changes]
        for override in found:
            override.option = self.option
        return found


def variant_of(text: str) -> Variant:
    """Return the variant in `NAME: PATH=VALUE; PATH=VALUE`; the name may be left out.

    A semicolon inside quotes or brackets belongs to the value, and so does every comma.

    Raises
    ------
    InputError
        If a change has no `=`, a path is empty, or a value is not YAML.

    >>> variant_of("larger: plans.0.cap={400 mg: 80, 600 mg: 80}; n_sims=1000").changes
    ('plans.0.cap={400 mg: 80, 600 mg: 80}', 'n_sims=1000')
    """
    named = _NAME.match(text)
    changes = tuple(part.strip() for part in _parts(text[named.end() :] if named else text) if part.strip())
    if not changes or (named and not named[1].strip()):
        raise InputError(f'--variant "{text}": {_HOW}')
    for change in changes:
        if "=" not in change:
            raise InputError(f'--variant "{text}": "{change}" has no "="; {_HOW}')
        try:
            override_of(change)
        except InputError as error:
            raise InputError(str(error).replace("--set", "--variant", 1)) from None
    return Variant(named[1].strip() if named else "; ".join(changes), changes)


def _parts(text: str) -> list[str]:
    """Split at the semicolons that stand outside quotes and brackets."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        if character == ";" and depth <= 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts
