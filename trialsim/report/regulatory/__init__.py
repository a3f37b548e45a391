"""The simulation report: what FDA (2019), ICH E20 (draft), EMA and ADEMP ask for, filled from the run itself.

Material (what was run, and what follows from it) → sections (blocks of words, tables, figures) → HTML or Markdown. A
section says nothing that is not in the material; what nobody wrote is marked as missing. To add a section: write
`sections/<section>.py`, add a line to `contents.SECTIONS`.
"""
