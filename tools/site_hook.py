"""What mkdocs calls: pages of the root (CHANGELOG, CONTRIBUTING, SECURITY) become pages of the site.

On a code host they stand in the root, where readers look for them, and link into docs/; pages of docs/ link to them by
`../CHANGELOG.md`. In the site all are beside each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT_PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the root."""
    root = Path(config["config_file_path"]).parent
    for name in ROOT_PAGES:
        text = (root / name).read_text(encoding="utf-8")
        files.append(File.generated(config, name.lower(), content=text.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lead links to the pages of the root to where they are in the site."""
    for name in ROOT_PAGES:
        markdown = markdown.replace(f"]({name})", f"]({name.lower()})")
        markdown = markdown.replace(f"](../{name})", f"]({name.lower()})")
        markdown = markdown.replace(f"](../../{name})", f"](../{name.lower()})")
    return markdown
