"""Pages: how every page of the reports is made, and the plain one of tables and figures."""

import base64
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from osteon._version import __version__
from osteon.core.files import write_text
from osteon.reports.figure import Figure
from osteon.reports.table import Table

__all__ = ["Page", "page_template", "write_page"]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page of tables and figures.

    Parameters
    ----------
    title, lede
        Heading, and a sentence beneath it.
    is_synthetic
        Whether the first line says that the patients are synthetic.
    notes
        Paragraphs before the tables.
    figures, tables
        Drawn as they are, figures first.
    """

    title: str
    lede: str
    is_synthetic: bool
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


def page_template(name: str) -> jinja2.Template:
    """Get a template with everything the parts of a page need."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("osteon.reports", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (files("osteon.reports") / "templates" / "report.css").read_text("utf-8")
    environment.globals.update(
        csv_link=_csv_link, svg_link=_svg_link, png_link=_png_link, css=Markup(css),
        version=__version__,
    )  # fmt: skip
    return environment.get_template(name)


def write_page(page: Page, folder: Path, name: str) -> Path:
    """Write ``name.html``, which can be sent alone, and each figure and table beside it."""
    for figure in page.figures:
        figure.write(folder)
    for table in page.tables:
        table.write(folder)
    path = folder / f"{name}.html"
    write_text(path, page_template("page.html").render(page=page, is_synthetic=page.is_synthetic))
    return path


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _csv_link(text: str) -> str:
    return _data_uri("text/csv", text.encode())


def _svg_link(text: str) -> str:
    return _data_uri("image/svg+xml", text.encode())


def _png_link(data: bytes) -> str:
    return _data_uri("image/png", data)
