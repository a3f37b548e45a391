"""The analysis of a real trial as text, Markdown, HTML, JSON (`trialsim.analysis/1`) or CSV."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from typing import TYPE_CHECKING, Any

from trialsim.report.document import csv_cell
from trialsim.report.render import one_table_as_html, table_as_markdown, table_as_text
from trialsim.report.table import Table

if TYPE_CHECKING:
    from trialsim.analysis.answers import Analysis, Answer, ArmAnalysis
    from trialsim.analysis.course import Course

SCHEMA = "trialsim.analysis/1"
COLUMNS = ("arm", "quantity", "method", "value", "lower", "upper", "reason")

LABELS = {
    "mle": "observed rate (MLE)",
    "umvue": "unbiased (UMVUE; Jung, Kim 2004)",
    "conditional-umvue": "unbiased given that the arm went on (Pepe et al. 2009)",
    "bias-adjusted": "bias-adjusted (Whitehead 1986)",
    "median-unbiased": "median-unbiased (stagewise)",
    "stagewise": "stagewise ordering (Jennison, Turnbull)",
    "koyama-chen": "Koyama, Chen 2008",
    "koyama-chen-p-value": "Koyama, Chen: both limits from the P value (clinfun)",
    "binomial": "binomial, as if the arm could not stop",
}


def rendered(analysis: Analysis, format_: str) -> str:
    """Return an analysis in a format: text, json, csv, markdown or html."""
    return {"text": _text, "json": _json, "csv": _csv, "markdown": _markdown, "html": _html}[format_](analysis)


def tables(analysis: Analysis) -> list[tuple[ArmAnalysis, list[Table]]]:
    """Return, per arm, the tables of its estimates, intervals and P values."""
    return [(arm, _tables(arm, analysis)) for arm in analysis.arms]


def _tables(arm: ArmAnalysis, analysis: Analysis) -> list[Table]:
    rate = arm.course.x / arm.course.n
    estimates = Table(f"{arm.arm}: response rate", ["method", "estimate", "against observed"], 1)
    intervals = Table(f"{arm.arm}: {100 * analysis.level:g} % interval", ["method", "lower", "upper"], 1)
    null = "" if analysis.null_rate is None else f"{100 * analysis.null_rate:g} %"
    p_values = Table(f"{arm.arm}: one-sided P value against {null}", ["method", "P"], 1)
    for answer in arm.answers:
        label = LABELS.get(answer.method, f"{answer.method}, naive")
        if answer.quantity == "estimate":
            difference = "–" if answer.value is None else f"{100 * (answer.value - rate):+.2f} points"
            estimates.rows.append([label, _rate(answer.value), "" if answer.method == "mle" else difference])
        elif answer.quantity == "interval":
            intervals.rows.append([label, _rate(answer.lower), _rate(answer.upper)])
        else:
            p_values.rows.append([label, "–" if answer.value is None else f"{answer.value:.4g}"])
    return [table for table in (estimates, intervals, p_values) if table.rows]


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f} %"


def title(analysis: Analysis) -> str:
    """Return the title line."""
    design = analysis.design
    return f"Analysis under {design.name}: {design.title}" if design.title else f"Analysis under {design.name}"


def outcome(analysis: Analysis, course: Course) -> str:
    """Return how an arm ended, as a sentence."""
    look = analysis.design.look_names[course.look]
    how = {
        "final": "went on to the final analysis",
        "futility": f"stopped for futility at {look}",
        "efficacy": f"stopped for efficacy at {look}",
        "with the trial": f"stopped at {look}, as the trial stopped",
    }[course.decision]
    name, rate = analysis.design.arm_names[course.arm], 100 * course.x / course.n
    return f"{name} {how} with {course.x} of {course.n} responding ({rate:.1f} %)."


def _reasons(arm: ArmAnalysis) -> list[str]:
    """Return why methods give no answer, each reason once."""
    found: dict[str, dict[str, None]] = {}
    for answer in arm.answers:
        if answer.reason is not None:
            found.setdefault(answer.reason, {})[answer.method] = None
    return [f"No answer by {', '.join(methods)}: {reason}." for reason, methods in found.items()]


def _said(analysis: Analysis, arm: ArmAnalysis) -> list[str]:
    return [outcome(analysis, arm.course), *arm.sentences, *_reasons(arm)]


def _text(analysis: Analysis) -> str:
    lines = [title(analysis), ""]
    for arm, found in tables(analysis):
        lines += [*_said(analysis, arm), "", *(table_as_text(table) for table in found)]
    return "\n".join([*lines, *analysis.notes]).rstrip() + "\n"


def _markdown(analysis: Analysis) -> str:
    lines = [f"# {title(analysis)}", ""]
    for arm, found in tables(analysis):
        lines += [*(f"- {line}" for line in _said(analysis, arm)), "", *(table_as_markdown(table) for table in found)]
    return "\n".join([*lines, *analysis.notes]).rstrip() + "\n"


def _html(analysis: Analysis) -> str:
    body = [f"<h1>{escape(title(analysis))}</h1>"]
    for arm, found in tables(analysis):
        body += [f"<p>{escape(line)}</p>" for line in _said(analysis, arm)]
        body += [one_table_as_html(table) for table in found]
    body += [f"<p>{escape(note)}</p>" for note in analysis.notes]
    style = (
        "body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{padding:.1em .7em;text-align:left}"
    )
    head = f'<meta charset="utf-8"><title>{escape(title(analysis))}</title><style>{style}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def document(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as one JSON object."""
    return {
        "schema": SCHEMA,
        "design": analysis.design.name,
        "null_rate": analysis.null_rate,
        "level": analysis.level,
        "arms": [_arm(analysis, arm) for arm in analysis.arms],
        "notes": list(analysis.notes),
    }


def _arm(analysis: Analysis, arm: ArmAnalysis) -> dict[str, Any]:
    course = arm.course
    looks = [{"n": look.n, "stop_low": look.stop_low, "stop_high": look.stop_high} for look in course.scheme.looks]
    return {
        "arm": arm.arm,
        "decision": course.decision,
        "look": analysis.design.look_names[course.look],
        "responses": course.x,
        "patients": course.n,
        "looks_at_which_it_could_stop": looks,
        "shift": arm.shift,
        "limit_shift": arm.limit_shift,
        "needs_adjusting": arm.needs_adjusting,
        "sentences": [outcome(analysis, course), *arm.sentences],
        "answers": [_row(arm, answer) for answer in arm.answers],
    }


def _row(arm: ArmAnalysis, answer: Answer) -> dict[str, Any]:
    return {"arm": arm.arm, **answer._asdict()}


def _json(analysis: Analysis) -> str:
    return json.dumps(document(analysis), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _csv(analysis: Analysis) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for arm in analysis.arms:
        for answer in arm.answers:
            writer.writerow([csv_cell(value) for value in _row(arm, answer).values()])
    return out.getvalue()
