"""Draws the demo's bills."""

from collections.abc import Iterable
from datetime import datetime

from customerdata.demo.structure import ENTITY


def draw_bill(lines: Iterable[tuple[str, str]], *, made: datetime) -> bytes:
    """Return a PDF of lines with right-aligned amounts; equal lines give the same bytes."""
    # Slow to load and needed only here.
    from fpdf import FPDF

    pdf = FPDF(format="letter")
    pdf.set_creation_date(made)
    pdf.set_title(f"Bill of {ENTITY['entity_name']}")
    pdf.set_margin(20)
    pdf.add_page()
    pdf.set_font("Helvetica", size=16)
    pdf.cell(0, 12, ENTITY["entity_name"], new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=10)
    for words, amount in lines:
        if not amount:
            pdf.ln(2)
        pdf.cell(140, 6, words)
        pdf.cell(0, 6, amount, align="R", new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())
