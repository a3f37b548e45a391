"""Integer counts of every shipped scenario: a change of them is a changed result."""
