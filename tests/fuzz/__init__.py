"""What nobody vouches for, by the million: files, options, stores and requests, mutated (docs/fuzzing.md)."""
