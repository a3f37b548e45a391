"""The version of trialsim."""

__version__ = "0.1.0"
