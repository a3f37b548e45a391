"""The report as DOCX or PDF, by programs that are made for it, where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from trialsim.errors import InputError
from trialsim.files import replaced_when_complete
from trialsim.report.regulatory.html import as_html
from trialsim.report.regulatory.markdown import as_markdown

if TYPE_CHECKING:
    from trialsim.report.regulatory.blocks import Document

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PANDOC_PDF = ("weasyprint", "typst", "xelatex", "lualatex", "pdflatex")
"""What pandoc makes a PDF with, the best with tables first."""
WAIT_S = 180
DRAW_MS = 60_000
"""How long a browser may take to draw the figures."""


def check_converter(format_: str) -> None:
    """Refuse a format for which nothing is installed, before any time is spent.

    Raises
    ------
    InputError
        With what would have to be installed.
    """
    if format_ == "docx" and _pandoc() is None:
        raise InputError(
            "--format docx: pandoc makes it, which is not installed; install pandoc (pandoc.org) or "
            "pip install pypandoc_binary, or choose --format html or markdown"
        )
    if format_ == "pdf" and _browser() is None and _pandoc_engine() is None:
        raise InputError(
            "--format pdf: a browser (Chromium, Chrome, Edge) prints it, or pandoc with weasyprint, typst or LaTeX, "
            "and none of these is installed; install one, or print the HTML report"
        )


def write_converted(document: Document, format_: str, path: str) -> None:
    """Write the report as DOCX or PDF, whole or not at all.

    A browser prints the HTML report, figures included; pandoc starts from the Markdown, where the numbers of small
    figures stand in their place.

    Raises
    ------
    InputError
        If nothing that could is installed, it fails, or the file cannot be written.
    """
    check_converter(format_)
    with TemporaryDirectory(prefix="trialsim-report-") as folder:
        made = Path(folder) / f"report.{format_}"
        if format_ == "pdf" and (browser := _browser()) is not None:
            _printed(browser, document, made)
        else:
            _by_pandoc(document, made)
        try:
            with replaced_when_complete(path) as temporary:
                shutil.copyfile(made, temporary)
        except OSError as error:
            raise InputError(
                f"--out {path}: cannot be written ({error.strerror or error}); choose another place"
            ) from None


def _printed(browser: str, document: Document, made: Path) -> None:
    page = made.with_suffix(".html")
    page.write_text(as_html(document), encoding="utf-8")
    profile = made.with_name("profile")
    options = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "--no-pdf-header-footer"]
    options += [f"--virtual-time-budget={DRAW_MS}", f"--print-to-pdf={made}", page.as_uri()]
    if _is_root():
        options.insert(0, "--no-sandbox")  # the page is our own, runs our own script only, and Chromium wants it so
    _called([browser, *options], made)


def _by_pandoc(document: Document, made: Path) -> None:
    source = made.with_suffix(".md")
    source.write_text(as_markdown(document), encoding="utf-8")
    pandoc = _pandoc()
    assert pandoc is not None
    command = [pandoc, "--from=gfm", "--standalone", f"--metadata=pagetitle:{document.title}", str(source)]
    if made.suffix == ".pdf":
        command.append(f"--pdf-engine={_pandoc_engine()}")
    _called([*command, f"--output={made}"], made)


def _called(command: list[str], made: Path) -> None:
    name = Path(command[0]).name
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False, cwd=made.parent)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{name} could not make the {made.suffix[1:]} ({type(error).__name__})") from None
    if done.returncode or not made.is_file() or not made.stat().st_size:
        said = done.stderr.strip().splitlines()
        why = said[-1][:200] if said else f"it ended with {done.returncode}"
        raise InputError(f"{name} could not make the {made.suffix[1:]} ({why}); choose --format html or markdown")


def _browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name)) is not None), None)


def _pandoc() -> str | None:
    found = shutil.which("pandoc")
    if found is None and find_spec("pypandoc") is not None:
        import pypandoc  # type: ignore[import-not-found, unused-ignore]

        try:
            return str(pypandoc.get_pandoc_path())
        except OSError:
            return None
    return found


def _pandoc_engine() -> str | None:
    if _pandoc() is None:
        return None
    return next((name for name in PANDOC_PDF if shutil.which(name) is not None), None)


def _is_root() -> bool:
    import os

    return hasattr(os, "geteuid") and os.geteuid() == 0
