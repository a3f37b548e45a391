"""Designs side by side on the same simulated patients."""
