"""Results kept in one file, so that nothing is computed twice."""
