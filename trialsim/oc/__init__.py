"""Operating characteristics: a tally in, measures with their MCSE out. Nothing here knows which engine ran.

To add a measure: write `oc/<family>.py` with a function `(Setting, Tally) -> Iterator[Entry]`, add it to
`table.FAMILIES`.
"""
