"""One section of the simulation report per file: `blocks(material)` yields what it shows."""
