"""Compares addresses (CDS-WG3-01 7.1.13.1) as written in the United States and Canada.

A typical stored address has a street with a number, a city and a two-letter region; a name before
them and a postal code after them are optional. It is compared without the name, in lower case,
with the street's abbreviations written out and its parts separated by ", ". Any other address, and
an address in a request, is compared in lower case without line breaks and extra spaces.
"""

import re

ABBREVIATIONS = {
    "aly": "alley",
    "apt": "apartment",
    "ave": "avenue",
    "bldg": "building",
    "blvd": "boulevard",
    "cir": "circle",
    "cres": "crescent",
    "ct": "court",
    "dr": "drive",
    "e": "east",
    "expy": "expressway",
    "fl": "floor",
    "hwy": "highway",
    "ln": "lane",
    "n": "north",
    "ne": "northeast",
    "nw": "northwest",
    "pkwy": "parkway",
    "pl": "place",
    "plz": "plaza",
    "rd": "road",
    "rm": "room",
    "s": "south",
    "se": "southeast",
    "sq": "square",
    "st": "street",
    "ste": "suite",
    "sw": "southwest",
    "ter": "terrace",
    "trl": "trail",
    "w": "west",
}
NUMBER_SIGN = "unit "
"""The replacement for "#", which needs no space after it."""
SEPARATOR = ", "
EXAMPLES = (
    "Acme Co., 123 Main  St. #234\nSpringfield, CA 90001",
    "12 N. Oak Ave, Apt 3\nHartford, CT",
    "Acme Farm Irrigation, 12 mi North on FM 5555,\n150 ft West into the field",
)
"""For the documentation: the last one is not typical."""

_REGION = (
    r"al|ak|az|ar|ca|co|ct|de|dc|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms|mo|mt|ne|nv|nh|nj"
    r"|nm|ny|nc|nd|oh|ok|or|pa|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy|as|gu|mp|pr|vi"
    r"|ab|bc|mb|nb|nl|ns|nt|nu|on|pe|qc|sk|yt"
)
_POSTAL_CODE = r"\d{5}(?:-\d{4})?|[a-z]\d[a-z] ?\d[a-z]\d"
# A separate word, not part of one such as "o'brien's" or "n.e.".
_WORD = re.compile(r"#|(?<![\w'\u2019.-])[a-z]+(?![\w'\u2019-]|\.\w)\.?")
_BREAK = re.compile(r"[,\n]")
# Parts are separated by ", " here; region and postal code can follow the city after a space.
_TYPICAL = re.compile(
    r"(?:[^\d,]+, )*?"
    r"(?P<street>\d[^,]*(?:, [^,]+)*?)"
    r", (?P<city>[^\d,]+?)"
    rf",? (?P<region>{_REGION})"
    rf"(?:,? (?P<code>{_POSTAL_CODE}))?"
)


def normalize_request(address: str) -> str:
    """Return the form in which an address of a request, or an atypical one, is compared."""
    return " ".join(address.lower().split())


def normalize_stored(address: str) -> str:
    """Return the form in which a stored address is compared; an empty one stays empty."""
    found = _typical(address)
    if found is None:
        return normalize_request(address)
    # Only the street is expanded: "CT" is a region here, not a court.
    street = " ".join(_WORD.sub(_written_out, found["street"].replace(SEPARATOR, " ")).split())
    rest = (found[name] for name in ("city", "region", "code"))
    return SEPARATOR.join([street, *(part for part in rest if part)])


def docs_context() -> dict[str, object]:
    """Return what the documentation shows about the rules above."""
    return {
        "separator": SEPARATOR,
        "abbreviations": sorted(ABBREVIATIONS.items()),
        "number_sign": NUMBER_SIGN.strip(),
        "examples": [
            {
                "stored": " / ".join(address.splitlines()),
                "kind": "typical" if _typical(address) else "atypical",
                "normalized": normalize_stored(address),
            }
            for address in EXAMPLES
        ],
    }


def _typical(address: str) -> re.Match[str] | None:
    """Return the parts of a typical address, None if it is not typical."""
    parts = [" ".join(part.split()) for part in _BREAK.split(address.lower())]
    return _TYPICAL.fullmatch(SEPARATOR.join(part for part in parts if part))


def _written_out(found: re.Match[str]) -> str:
    word = found[0].removesuffix(".")
    return NUMBER_SIGN if word == "#" else ABBREVIATIONS.get(word, word)
