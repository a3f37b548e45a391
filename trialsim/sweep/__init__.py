"""Sweeps: a scenario over a grid of its own fields, in parallel, kept in a store and resumable."""
