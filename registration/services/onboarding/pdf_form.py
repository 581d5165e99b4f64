"""Draws the blank PDF form of a registration (CDS-WG1-02 3.6 `pdf_form`)."""

import unicodedata
from collections.abc import Container
from functools import lru_cache, partial

from portal.vendoring import vendored_file
from registration.fields.types import RegistrationField

_LINES = ("Company", "Postal address", "Name and title of the signer", "Security contact")
_FONT = "DejaVuSans"
_BOX = "\u25a1"
# Written from right to left, partly with joined letters: setting them one by one would be
# misleading.
_FROM_THE_RIGHT = frozenset({"R", "AL", "AN"})


# Drawing takes a quarter of a second, and anyone can request the form of a field.
@lru_cache(maxsize=128)
def blank_form(*, field: RegistrationField, utility: str, company: str, reference: str) -> bytes:
    """Return the PDF file: the text of the field, lines to fill in, and a signature line.

    The font is embedded: Latin with Vietnamese, Greek, Cyrillic, Armenian, Georgian and the signs
    of currencies print. Other characters, and letters written from right to left, print as a box.
    """
    # Slow to import, and only this page needs it.
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

    pdf = FPDF(format="letter")
    pdf.add_font(_FONT, fname=vendored_file("dejavu-fonts-ttf", f"{_FONT}.ttf"))
    font = pdf.fonts[_FONT.lower()]
    shown = partial(_shown, glyphs=font.cmap if isinstance(font, TTFFont) else ())
    pdf.set_title(shown(field.name))
    pdf.set_margin(20)
    pdf.add_page()
    pdf.set_font(_FONT, size=16)
    pdf.multi_cell(0, 10, shown(field.name), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(_FONT, size=11)
    for line in (utility, f"For: {company}", f"Reference: {reference}"):
        pdf.multi_cell(0, 6, shown(line), new_x="LMARGIN", new_y="NEXT")
    for paragraph in field.body:
        pdf.ln(4)
        pdf.multi_cell(0, 6, shown(paragraph), new_x="LMARGIN", new_y="NEXT")
    for label in (*_LINES, "Date and signature"):
        pdf.ln(12)
        pdf.cell(60, 6, label)
        pdf.line(pdf.get_x(), pdf.get_y() + 6, pdf.w - pdf.r_margin, pdf.get_y() + 6)
        pdf.ln(6)
    return bytes(pdf.output())


def _shown(text: str, *, glyphs: Container[int]) -> str:
    """Return text with every character visible: a name must not lose letters without a trace."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join("".join(_sign(char, glyphs) for char in line) for line in lines)


def _sign(char: str, glyphs: Container[int]) -> str:
    if char.isspace() and ord(char) not in glyphs:
        return " "
    if unicodedata.category(char) == "Cf":
        return ""
    is_printed = ord(char) in glyphs and unicodedata.bidirectional(char) not in _FROM_THE_RIGHT
    return char if is_printed else _BOX
