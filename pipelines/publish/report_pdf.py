"""A report as a PDF on A4 pages, with the figure in the size of its publication."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from PIL import Image as Picture
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch, mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, Image, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table as Grid

from pipelines.publish.figure import PAGE_MM
from pipelines.publish.report_content import PICTURE_CAPTION, Fact, ReportContent, Table
from pipelines.publish.report_html import with_names
from sem_models.images.provenance import SOFTWARE

_WIDTH: Final = PAGE_MM * mm
"""Of the text, in pt: that of the widest figure."""
_MARGIN: Final = (A4[0] - _WIDTH) / 2
_FONT, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
"""They come with matplotlib, are free, and have the signs of our headings: those of every PDF reader have no arrows."""
_INK, _RULE = HexColor("#1c252c"), HexColor("#ccd5db")
_CELL_PT, _PAD_PT = 7.0, 4.0
_WIDEST_WORD: Final = 40 * mm
"""Longer words, such as names of runs, are broken."""
_DPI = 300
_FIGURE_FILLS = 0.85
"""Share of a page that a figure with its heading may take in height."""


@dataclass(frozen=True)
class _Styles:
    """Styles of the texts."""

    title: ParagraphStyle
    heading: ParagraphStyle
    text: ParagraphStyle
    cell: ParagraphStyle
    value: ParagraphStyle
    head: ParagraphStyle


def as_pdf(content: ReportContent) -> bytes:
    """Write the report; the same content is the same file. Nothing in the names of runs and images counts as markup."""
    styles = _styles()
    scores, *others = content.tables
    parts: list[Flowable] = [
        Paragraph(with_names(content.title), styles.title),
        Paragraph(with_names(content.verdict), styles.text),
        *_table(scores, styles),
        *(_picture(content.picture, styles) if content.picture else ()),
        *(part for table in others for part in _table(table, styles)),
        *_texts("Methods", content.methods, styles),
        *_texts("Data and licences", list(map(_line, content.data)), styles),
        *_texts("Versions", list(map(_line, content.versions)), styles),
        *_texts("Read before you quote", content.notes, styles),
    ]
    written = io.BytesIO()
    document = BaseDocTemplate(
        written, pagesize=A4, title=content.title, creator=SOFTWARE, author="", subject="", lang="en", invariant=1
    )
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate("report", [frame], onPage=partial(_number, styles.text)))
    document.build(parts)
    return written.getvalue()


def _styles() -> _Styles:
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    for name in (_FONT, _BOLD):
        pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_FONT, boldItalic=_BOLD)
    text = ParagraphStyle("text", fontName=_FONT, fontSize=8.5, leading=12, textColor=_INK, spaceAfter=5)
    cell = ParagraphStyle("cell", text, fontSize=_CELL_PT, leading=9, spaceAfter=0)
    large: dict[str, Any] = {"fontName": _BOLD, "keepWithNext": 1}
    return _Styles(
        title=ParagraphStyle("title", text, fontSize=16, leading=20, spaceAfter=8, **large),
        heading=ParagraphStyle("heading", text, fontSize=10.5, leading=14, spaceBefore=10, spaceAfter=4, **large),
        text=text,
        cell=cell,
        value=ParagraphStyle("value", cell, alignment=TA_RIGHT),
        head=ParagraphStyle("head", cell, fontName=_BOLD, alignment=TA_RIGHT),
    )


def _number(style: ParagraphStyle, canvas: Any, document: BaseDocTemplate) -> None:
    canvas.setFont(style.fontName, _CELL_PT)
    canvas.drawRightString(A4[0] - _MARGIN, _MARGIN / 2, str(document.page))


def _texts(heading: str, texts: Sequence[str], styles: _Styles) -> list[Flowable]:
    paragraphs = [Paragraph(with_names(text), styles.text) for text in texts]
    return [Paragraph(heading, styles.heading), *paragraphs] if paragraphs else []


def _line(fact: Fact) -> str:
    name, text = fact
    return f"**{name}:** {text}"


def _picture(content: bytes, styles: _Styles) -> list[Flowable]:
    """Place the figure in its own size, or smaller where no page is as high."""
    with Picture.open(io.BytesIO(content)) as picture:
        width, height = (edge / _DPI * inch for edge in picture.size)
    fit = min(1.0, _FIGURE_FILLS * (A4[1] - 2 * _MARGIN) / height, _WIDTH / width)
    image = Image(io.BytesIO(content), fit * width, fit * height, hAlign="LEFT")
    image.keepWithNext = 1
    return [
        Paragraph("Images", styles.heading),
        image,
        Spacer(0, 4),
        Paragraph(with_names(PICTURE_CAPTION), styles.text),
    ]


def _table(table: Table, styles: _Styles) -> list[Flowable]:
    """Set a table, in blocks of columns below one another where the page is too narrow for all of them."""
    heads = list(table.rows[0])
    cells = [[_unbroken(str(row[name])) for name in heads] for row in table.rows]
    columns = [_Column.of(name, [row[index] for row in cells]) for index, name in enumerate(heads)]
    parts: list[Flowable] = [Paragraph(with_names(table.heading), styles.heading)]
    for block in _blocks(columns, table.names):
        shown = [[heads[index] for index in block], *([row[index] for index in block] for row in cells)]
        parts += [_grid(shown, _widths([columns[index] for index in block]), table.names, styles), Spacer(0, 5)]
    return [*parts, Paragraph(with_names(table.caption), styles.text)]


def _unbroken(text: str) -> str:
    """Let a value break before its interval only."""
    value, bracket, interval = text.partition(" [")
    return f"{value}{bracket}{interval.replace(' ', chr(0xA0))}" if bracket else text


@dataclass(frozen=True)
class _Column:
    """How wide a column has to be, and would be without any break of lines, in pt."""

    least: float
    natural: float

    @classmethod
    def of(cls, head: str, cells: Sequence[str]) -> "_Column":
        """Measure the texts of a column; its head may break anywhere between words."""
        words = [_width(word, _BOLD) for word in head.split(" ")]
        words += [_width(word, _FONT) for cell in cells for word in cell.split(" ")]
        least = min(_WIDEST_WORD, max(words))
        whole = min(_WIDEST_WORD, max(_width(cell, _FONT) for cell in cells))
        return cls(least + 2 * _PAD_PT, max(least, whole) + 2 * _PAD_PT)


def _width(text: str, font: str) -> float:
    # A paragraph may break a line that is full to the last hundredth of a point.
    return float(pdfmetrics.stringWidth(text, font, _CELL_PT)) + 0.1


def _blocks(columns: Sequence[_Column], names: int) -> list[list[int]]:
    """Divide the columns so that each block fits on a page; the columns that name rows are in each of them."""
    repeated = list(range(names))
    room = _WIDTH - sum(columns[index].least for index in repeated)
    blocks: list[list[int]] = []
    left = 0.0
    for index in range(names, len(columns)):
        if not blocks or columns[index].least > left:
            blocks.append([*repeated])
            left = room
        blocks[-1].append(index)
        left -= columns[index].least
    return blocks


def _widths(columns: Sequence[_Column]) -> list[float]:
    """Give each column what it needs, and as much of what it would like as there is room for."""
    least = sum(column.least for column in columns)
    wished = sum(column.natural for column in columns) - least
    share = min(1.0, max(0.0, _WIDTH - least) / wished) if wished else 0.0
    return [column.least + share * (column.natural - column.least) for column in columns]


def _grid(rows: Sequence[Sequence[str]], widths: Sequence[float], names: int, styles: _Styles) -> Grid:
    head = [Paragraph(f"<b>{with_names(text)}</b>", styles.cell if i < names else styles.head)
            for i, text in enumerate(rows[0])]  # fmt: skip
    body = [
        [Paragraph(with_names(text), styles.cell if i < names else styles.value) for i, text in enumerate(row)]
        for row in rows[1:]
    ]
    ruled = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, _RULE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), _PAD_PT), ("RIGHTPADDING", (0, 0), (-1, -1), _PAD_PT),
        ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]  # fmt: skip
    return Grid([head, *body], list(widths), repeatRows=1, style=ruled, hAlign="LEFT")
