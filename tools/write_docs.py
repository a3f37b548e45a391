"""Writes the generated files: JSON Schemas beside the YAML, docs/reference/, docs/validation.md. Run by `make docs`."""

from pathlib import Path

import trialsim
from tools.reference_pages import reference_pages
from trialsim.spec.schema import schema_text
from trialsim.spec.shipped import shipped_names
from trialsim.validation import as_page, validate

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write the files."""
    for kind in ("design", "scenario"):
        (ROOT / f"{kind}s" / "schema.json").write_text(schema_text(kind), encoding="utf-8")
    for name, text in reference_pages().items():
        (ROOT / "docs" / "reference" / name).write_text(text, encoding="utf-8")
    found = [item for name in shipped_names("designs") for item in validate(trialsim.load_design(name))]
    (ROOT / "docs" / "validation.md").write_text(as_page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
