"""A report as one page of HTML that needs nothing else, and loads nothing."""

import base64
import re
from collections.abc import Sequence
from html import escape

from pipelines.publish.report_content import PICTURE_CAPTION, Fact, ReportContent, Table

_NAME = re.compile(r"\*\*(.+?)\*\*")
_STYLE = (
    "body{font:16px/1.5 serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c252c}"
    "table{border-collapse:collapse;font-size:.85rem;margin:1rem 0}"
    "th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #ccd5db;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}"
    "dt{font-weight:bold}dd{margin:0 0 .4rem 1rem;overflow-wrap:anywhere}"
    "div{overflow-x:auto}img{max-width:100%}"
    "@media print{@page{size:A4;margin:20mm}body{font-size:10pt;margin:0;max-width:none}h2{break-after:avoid}}"
)


def as_html(content: ReportContent) -> str:
    """Write the page; nothing in the names of runs and images counts as markup."""
    title = escape(content.title)
    scores, *others = content.tables
    notes = "".join(f"<li>{escape(note)}</li>" for note in content.notes)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p>{with_names(content.verdict)}</p>"
        f"{_table(scores)}{_picture(content.picture)}{''.join(map(_table, others))}"
        f"<h2>Methods</h2>{''.join(f'<p>{escape(text)}</p>' for text in content.methods)}"
        f"<h2>Data and licences</h2>{_facts(content.data)}<h2>Versions</h2>{_facts(content.versions)}"
        + (f"<h2>Read before you quote</h2><ul>{notes}</ul>" if notes else "")
        + "</body></html>\n"
    )


def with_names(text: str) -> str:
    """Escape a text for HTML, and set what stands between two asterisks in bold."""
    return _NAME.sub(r"<b>\1</b>", escape(text))


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.rows[0])
    lines = ["".join(f"<td>{escape(str(cell))}</td>" for cell in row.values()) for row in table.rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    caption = f"<p>{escape(table.caption)}</p>"
    return f"<h2>{escape(table.heading)}</h2><div><table><tr>{head}</tr>{body}</table></div>{caption}"


def _picture(content: bytes | None) -> str:
    if content is None:
        return ""
    shown, described = base64.b64encode(content).decode(), escape(PICTURE_CAPTION)
    return f'<h2>Images</h2><img alt="{described}" src="data:image/png;base64,{shown}"><p>{described}</p>'


def _facts(facts: Sequence[Fact]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(text)}</dd>' for name, text in facts)}</dl>"
