"""A staged single-arm design as the document of a design file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.search.targets import Targets


def staged_document(
    name: str,
    title: str,
    source: str,
    targets: Targets | None,
    looks: Sequence[int],
    stop_at_or_below: Sequence[int | None],
    reject_at_or_above: Sequence[int | None] = (),
) -> dict[str, Any]:
    """Return a single-arm design with response counts at its looks, as `spec.design.Design` reads it.

    Parameters
    ----------
    name
        A slug: letters, digits, points and hyphens.
    title, source
        For the reader.
    targets
        Its rates become the hypotheses.
    looks
        Patients at each look, increasing; the last is the final analysis.
    stop_at_or_below
        The most responses that stop at each look, -1: none; at the last, that do not reject the null hypothesis, None:
        it tests nothing.
    reject_at_or_above
        Responses that stop for efficacy at each look but the last (None: none do); empty: at no look.

    >>> document = staged_document("a", "", "", None, (10, 29), (1, 5))
    >>> document["looks"][0]["continue_if"]
    {'rule': {'kind': 'responses', 'at_least': 2}}
    """
    document: dict[str, Any] = {"schema": "trialsim.design/1", "name": name, "title": title, "source": source}
    document["arms"] = [{"name": "treatment"}]
    if targets is not None:
        document["hypotheses"] = {"null_rate": targets.null_rate, "target_rate": targets.target_rate}
    document["enrolment"] = {"cap": int(looks[-1])}
    document["looks"] = []
    for index, (n, most) in enumerate(zip(looks, stop_at_or_below, strict=True)):
        is_last = index == len(looks) - 1
        look: dict[str, Any] = {
            "name": "final" if is_last else "interim" if len(looks) == 2 else f"look {index + 1}",
            "at": "full_enrolment" if is_last else {"total": int(n)},
        }
        if not is_last and most is not None and most >= 0:
            look["continue_if"] = {"rule": _at_least(most + 1)}
        reject = reject_at_or_above[index] if reject_at_or_above and not is_last else None
        if reject is not None:
            look["success_if"] = {"rule": _at_least(reject), "then": "stop"}
        if is_last and most is not None:
            look["success_if"] = {"rule": _at_least(most + 1)}
        document["looks"].append(look)
    return document


def rates_in_name(targets: Targets) -> str:
    """Return the targets as a part of a design's name.

    >>> from trialsim.search.targets import Targets
    >>> rates_in_name(Targets(0.05, 0.20, 0.05, 0.10))
    '0.05-0.2-0.05-0.1'
    """
    return "-".join(f"{value:.4g}" for value in targets)


def _at_least(responses: int) -> dict[str, Any]:
    return {"kind": "responses", "at_least": int(responses)}
