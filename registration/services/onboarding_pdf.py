"""Draws the blank PDF form of a registration (CDS-WG1-02 3.6 `pdf_form`)."""

from registration.fields.types import RegistrationField

_LINES = ("Company", "Postal address", "Name and title of the signer", "Security contact")
_REPLACED = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def blank_form(*, field: RegistrationField, utility: str, company: str, reference: str) -> bytes:
    """Return the PDF file: the text of the field, lines to fill in, and a place to sign."""
    # Loads slowly and only this page needs it.
    from fpdf import FPDF

    pdf = FPDF(format="letter")
    pdf.set_title(_latin(field.name))
    pdf.set_margin(20)
    pdf.add_page()
    pdf.set_font("helvetica", style="B", size=16)
    pdf.multi_cell(0, 10, _latin(field.name), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(
        0, 6, _latin(f"{utility}\nFor: {company}\nReference: {reference}"), new_x="LMARGIN"
    )
    for paragraph in field.body:
        pdf.ln(4)
        pdf.multi_cell(0, 6, _latin(paragraph), new_x="LMARGIN", new_y="NEXT")
    for label in (*_LINES, "Date and signature"):
        pdf.ln(12)
        pdf.cell(60, 6, label)
        pdf.line(pdf.get_x(), pdf.get_y() + 6, pdf.w - pdf.r_margin, pdf.get_y() + 6)
        pdf.ln(6)
    return bytes(pdf.output())


def _latin(text: str) -> str:
    """Return text that the fonts built into every PDF reader can show."""
    return text.translate(_REPLACED).encode("latin-1", "replace").decode("latin-1")
