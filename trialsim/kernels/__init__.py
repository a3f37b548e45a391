"""The hot loops: numba and numpy only, nothing else of ours. Python chooses which kernel runs; a kernel sees arrays."""
