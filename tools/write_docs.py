"""Writes the generated files: the JSON Schemas beside the YAML, and docs/validation.md. Run by `make docs`."""

from pathlib import Path

import trialsim
from trialsim.report.render import table_as_markdown
from trialsim.spec.schema import schema_text
from trialsim.spec.shipped import shipped_names
from trialsim.validation import as_table, validate

ROOT = Path(__file__).parents[1]
HEAD = """# Validation

Every published number that a shipped design carries, against the exact and the simulated value (100,000 replicates,
seed 1). "Agrees" means within half a unit of the last printed digit, or in the printed relation. Written by
`make docs`; the same table is printed by `python -m trialsim validate`, and each row is a test.

"""


def main() -> None:
    """Write the files."""
    for kind in ("design", "scenario"):
        (ROOT / f"{kind}s" / "schema.json").write_text(schema_text(kind), encoding="utf-8")
    found = [item for name in shipped_names("designs") for item in validate(trialsim.load_design(name))]
    (ROOT / "docs" / "validation.md").write_text(HEAD + table_as_markdown(as_table(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
