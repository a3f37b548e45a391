"""What the addressed random numbers are called; known without compiling anything."""

STREAM = "threefry2x64-13/1"
"""Name and version of the addressed random numbers; a change of any bit of them is a new version."""
