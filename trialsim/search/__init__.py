"""Design search: designs that keep given error rates (or another target), found on top of exact calculation.

To add a family: write `search/<family>.py` with a function that returns `Search`, and its verb in
`verbs/search/<family>.py`.
"""
