"""What the protocol says: designs and scenarios as frozen, validated models. No numba, no randomness."""
