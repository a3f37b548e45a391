"""All that the dashboard asks of trialsim: a file per page, and what they share. No other room imports the library."""

from app.service.service import Refusal, Service, TrialsimError
from trialsim.report.plots.drawing import Drawing
from trialsim.spec.form import FormField

__all__ = ["Drawing", "FormField", "Refusal", "Service", "TrialsimError"]
