"""The engines held against the naive twins and against each other, on the same designs."""
