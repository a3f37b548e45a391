"""The targets, one file each; only names here, so that what is to be instrumented is known before it is imported."""

from __future__ import annotations

SHARES = {
    "designs": 90,
    "scenarios": 100,
    "tables": 310,
    "options": 160,
    "results": 220,
    "stores": 14,
    "links": 92,
    "callbacks": 1,
    "names": 13,
}
"""Parts of the inputs that each target gets."""

_SPEC = ("trialsim.spec", "trialsim.compile", "trialsim.report.explain", "trialsim.report.check")
GUIDED = {
    "designs": _SPEC,
    "scenarios": _SPEC,
    "tables": ("trialsim.spec",),
    "options": ("trialsim.spec", "trialsim.comparison.variants", "trialsim.effort"),
    "results": ("trialsim.spec", "trialsim.kept", "trialsim.sweep"),
    "stores": ("trialsim.store", "trialsim.sweep", "trialsim.kept"),
    "links": ("app.state", "app.pins", "app.service", "trialsim.spec"),
    "callbacks": ("app",),
    "names": ("trialsim.report",),
}
"""Packages whose branches lead the mutation of each target."""
