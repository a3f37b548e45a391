"""The form of Simulate: which truth, how many trials, and how the trial is conducted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import html

from app import actions, ids
from app.fields import field, form
from app.service import FormField, conduct

if TYPE_CHECKING:
    from app.service import Service
    from app.state import State as Link

TRUTH, TRIALS = "view.truth", "view.n_sims"
ENROLMENT, PER_MONTH, VISITS, CONFIRMATION = "view.enrolment", "view.per_month", "view.visits", "view.confirmation"
OWN = (TRUTH, TRIALS, ENROLMENT, PER_MONTH, VISITS, CONFIRMATION)
"""What the page remembers in the address bar; a change of anything else there is another page's."""
GROUPS = {
    "enrolment": "enrolment",
    "response": "patients",
    "unevaluable": "patients",
    "crossover": "course of patients",
    "withdrawal": "course of patients",
    "death": "course of patients",
    "cutoff": "end of the trial",
}
WORDS = {
    "conduct.enrolment.window.days": "days of the enrolment window",
    "conduct.enrolment.window.power": "power of the window (above 1: rising)",
    "conduct.enrolment.window.patients": "patients whom the window describes",
    "conduct.enrolment.per_month": "patients per month",
    "conduct.unevaluable": "patients who are not evaluable are",
    "conduct.cutoff.day": "day of the data cut-off",
    "conduct.cutoff.days_after_last_entry": "days from last entry to cut-off",
    "fires": "takes place",
    "after_days": "days after its last patient's entry",
    "completed_days": "days that its patients complete",
    "counts": "responses count when",
    "hold": "enrolment is held",
}
NO_CONDUCT = (
    "This design says nothing about its conduct. It is simulated with the plainest one: 10 patients a month, "
    "everything else at once. The form changes it."
)


def fields(service: Service, state: Link) -> list[Any]:
    """Return the fields of the conduct in the order of the form, with the values of the base."""
    base = conduct.conduct_of_base(service, state)
    own = [one._replace(group=_group(one), label=_label(one)) for one in conduct.conduct_fields(service, state)]
    looks = [one for one in own if one.path.startswith("conduct.looks.")]
    others = [one for one in own if one not in looks]
    enrolment = [
        FormField(PER_MONTH, "enrolment", "patients per month", "number", 10.0, 0.1, 1000, 1, 60, 0.5, (), PER_MONTH)
    ]
    if not conduct.comes_at_constant_rate(base):
        enrolment.insert(0, _choice(ENROLMENT, "enrolment", "patients come", conduct.AS_IT_IS, conduct.ENROLMENTS))
    else:
        enrolment = []
    patients = [
        FormField(
            CONFIRMATION,
            "patients",
            "responses need confirmation",
            "switch",
            conduct.needs_confirmation(base),
            None,
            None,
            0,
            1,
            1,
            (),
            CONFIRMATION,
        ),
        _choice(VISITS, "patients", "visits, in days", conduct.AS_IT_IS, (conduct.AS_IT_IS, *conduct.VISITS)),
    ]
    return [*enrolment, *(one for one in others if one.group == "enrolment"), *looks, *patients, *_rest(others)]


def _rest(others: list[Any]) -> list[Any]:
    order = ("patients", "end of the trial", "course of patients")
    return sorted((one for one in others if one.group in order), key=lambda one: order.index(one.group))


def _choice(path: str, group: str, label: str, value: str, choices: tuple[str, ...]) -> FormField:
    return FormField(path, group, label, "choice", value, None, None, 0, 1, 1, choices, path)


def _group(one: Any) -> str:
    return f"look: {one.group}" if one.path.startswith("conduct.looks.") else GROUPS.get(one.group, one.group)


def _label(one: Any) -> str:
    return WORDS.get(one.path) or WORDS.get(one.path.rsplit(".", 1)[-1]) or one.label


def values(state: Link) -> dict[str, Any]:
    """Return the values of the form that differ from the base."""
    found: dict[str, Any] = dict(state.changes)
    for path in OWN:
        text = state.seen(path.removeprefix("view."))
        if text and path == CONFIRMATION:
            found[path] = text == "true"
        elif text and path == PER_MONTH:
            found[path] = conduct.number_in(text, 10.0)
        elif text:
            found[path] = text
    return found


def base_values(service: Service, state: Link) -> dict[str, Any]:
    """Return the values of the base, by path, as the browser compares them."""
    own = {one.path: one.value for one in fields(service, state)}
    return {**own, TRUTH: conduct.truth_of(service, state), TRIALS: str(conduct.n_trials(service, state))}


def controls(service: Service, state: Link, problem: Any) -> list[Any]:
    """Return the left side of the page."""
    own = fields(service, state)
    opened = ["enrolment", *(one.group for one in own if one.path.endswith(".hold"))]
    note = [html.P(NO_CONDUCT, className="note")] if conduct.has_plain_conduct(service, state) else []
    return [
        actions.base_picker(service, state),
        field(
            _choice(TRUTH, "simulation", "under the truth", conduct.truth_of(service, state), _truths(service, state))
        ),
        _trials(service, state),
        dmc.Group(
            [
                dmc.Button("Simulate", id="simulate-run", size="compact-sm"),
                dmc.Button("Cancel", id="simulate-cancel", size="compact-sm", variant="default", disabled=True),
            ],
            gap="xs",
        ),
        dmc.Progress(id="simulate-progress", value=0, size="sm", mt="xs", **{"aria-label": "trials done"}),
        html.Div(id="simulate-told", className="note", role="status", **{"aria-live": "polite"}),
        html.Div(problem, id="simulate-alert", role="alert"),
        *note,
        form(own, values(state), opened),
    ]


def _truths(service: Service, state: Link) -> tuple[str, ...]:
    return tuple(conduct.truths(conduct.scenario_of_base(service, state), state))


def _trials(service: Service, state: Link) -> Any:
    """Return the choice of how many trials, with what each is good for."""
    most, chosen = service.settings.max_trials, conduct.n_trials(service, state)
    words = {n: use for n, use in conduct.PRESETS if n <= most}
    words.setdefault(chosen, "as in the link")
    data = [{"value": str(n), "label": f"{n:,}: {use}"} for n, use in sorted(words.items())]
    select = dmc.Select(
        id=ids.choice(TRIALS), label="calendar trials", data=data, value=str(chosen), allowDeselect=False, size="xs"
    )
    return html.Div([select, html.Div(id=ids.error(TRIALS), className="field-error", role="alert")], className="field")
