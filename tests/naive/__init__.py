"""Brute-force twins of the engines, written from docs/ideal-conduct.md alone; they import nothing of trialsim."""
