"""The engines: a plan and a truth in, a tally out. `exact` returns probabilities, `montecarlo` counts."""
