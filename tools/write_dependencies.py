"""Writes docs/dependencies.md: each dependency, its licence, what it is for. Run by `make licences`."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from tabulate import tabulate

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dependencies.md"

FOR = {
    "click": "the command line and its shell completion",
    "dash": "the dashboard",
    "dash-ag-grid": "tables in the dashboard",
    "dash-mantine-components": "widgets of the dashboard",
    "flask": "the web application that Dash builds on: limits, headers, and where a moving slider asks",
    "flask-compress": "compressed answers of the dashboard (Dash asks for it)",
    "joblib": "sweeps on many cores, and on a cluster",
    "numba": "the simulation kernels",
    "numpy": "arrays",
    "plotly": "figures",
    "pyarrow": "Parquet files",
    "pydantic": "scenario and design files: types, limits, JSON Schema",
    "pyyaml": "YAML",
    "rich": "progress and time left in the terminal",
    "scipy": "distributions, roots, minimisation",
    "simpleeval": "conditions of a sweep (`where:`) without Python's eval",
    "tabulate": "tables in text and Markdown",
    "waitress": "the server of the dashboard",
    "distributed": "joblib's work on a Dask cluster (extra `dask`; for tests)",
    "axe-playwright-python": "accessibility of pages in tests",
    "build": "wheel and source distribution in tests",
    "editables": "an editable installation from the lock file",
    "hatchling": "builds the package",
    "hypothesis": "random designs in tests",
    "import-linter": "checks the layers",
    "jsonschema": "holds our JSON Schema against our own checks in tests",
    "lifelines": "second source of survival curves in tests",
    "mkdocs": "the site of these pages",
    "mkdocs-material": "its look and its search",
    "mypy": "types",
    "psutil": "what a server under load takes, in the benchmarks",
    "pytest": "tests",
    "pytest-playwright": "tests in a real browser",
    "pytest-xdist": "tests on all cores",
    "ruff": "formatting and lint",
    "types-pyyaml": "types of PyYAML",
    "types-tabulate": "types of tabulate",
}
NOTES = {
    "simpleeval": "small, and rarely released; it sees names, numbers and comparisons only, no attributes or calls.",
    "tabulate": "released every few years; nothing of a user's reaches it but names of arms and looks.",
    "axe-playwright-python": "rarely released; it wraps axe-core, and is used by tests only.",
    "mkdocs": "its second version drops plugins; held below 2.",
    "mkdocs-material": "critical fixes until May 2027, its authors say; Zensical, their successor, reads the same "
    "configuration, and the pages are plain Markdown.",
}
HEAD = """# Dependencies

*Written by `make licences` from pyproject.toml, requirements.lock and what the installed packages say of themselves.*

`requirements.lock` holds every package with its version and hashes; `make run` and `make test` install just that. The
lowest versions that pyproject.toml allows are tested by `make test-lowest`. Known weaknesses of the locked versions are
listed by

```console
$ make audit
```

(pip-audit, in an environment of its own; it asks the Python Packaging Advisory Database, so it needs the internet.)

"""
SHIPPED = """## Files of others that ship with the dashboard

Both are under the MIT licence and stand in app/assets.

- `plotly-cartesian-4.1.1.min.js`: the npm package `plotly.js-cartesian-dist-min` 4.1.1, with one line before it that
  asks the browser to compile it at once. Used while its version is that of the installed `plotly`; otherwise
  that is used. With a new `plotly`, take its version's package and change name and digest in tests/app/test_index.py.
- `regenerator-runtime.js`: the npm package `regenerator-runtime` 0.14.1, unchanged. Dash's components need it; it came
  with a script for browsers of long ago that others need no longer run.

"""


def normal(name: str) -> str:
    """Return the name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def direct() -> dict[str, list[str]]:
    """Return the names of our own dependencies: of the program, and of its development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = re.compile(r"[\w.-]+")
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    of = {"program": project["dependencies"], "development": extras}
    return {kind: sorted({normal(name.match(line)[0]) for line in lines}) for kind, lines in of.items()}  # type: ignore[index]


def locked() -> list[str]:
    """Return the names in the lock file."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return sorted({normal(found) for found in re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)})


def licence(name: str) -> str | None:
    """Return the licence of an installed package; None if it is not installed here (another system's)."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    if expression := found.get("License-Expression"):
        return str(expression)
    classes = [line.split(" :: ")[-1] for line in found.get_all("Classifier", []) if line.startswith("License ::")]
    short = [line for line in (found.get("License") or "").splitlines()[:1] if 0 < len(line) < 40]
    return ", ".join([line for line in classes if line != "OSI Approved"] or short) or "not stated"


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for kind, names in direct().items():
        rows = [(f"`{name}`", FOR[name], licence(name) or "?") for name in names]
        parts += [f"## Of the {kind}\n\n", _table(("package", "for", "licence"), rows)]
    parts += ["## Notes\n\n", *(f"- `{name}`: {words}\n" for name, words in sorted(NOTES.items())), "\n"]
    parts.append(SHIPPED)
    others = [name for name in locked() if name not in {one for names in direct().values() for one in names}]
    counted = Counter(licence(name) or "of other systems, not installed here" for name in others)
    parts += [
        f"## Of the dependencies themselves\n\n{len(others)} further packages are locked. Their licences:\n\n",
        _table(("licence", "packages"), sorted(counted.items(), key=lambda item: (-item[1], item[0]))),
    ]
    return "".join(parts).rstrip() + "\n"


def _table(heads: tuple[str, ...], rows: list[tuple[object, ...]] | list[tuple[str, int]]) -> str:
    return tabulate(rows, headers=heads, tablefmt="github", disable_numparse=True) + "\n\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
