"""Intervals, probabilities and precision: pure functions of counts."""
