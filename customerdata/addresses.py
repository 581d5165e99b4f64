"""Comparing addresses (CDS-WG3-01 7.1.13.1).

A stored address has lines: optionally a name, then street, unit, city, region and postal code.
It is compared without the name, in lower case, on one line, with the usual postal abbreviations
written out. What a request names is only lower-cased and freed of extra spaces.
"""

import re

ABBREVIATIONS = {
    "apt": "apartment",
    "ave": "avenue",
    "blvd": "boulevard",
    "cir": "circle",
    "ct": "court",
    "dr": "drive",
    "e": "east",
    "fl": "floor",
    "hwy": "highway",
    "ln": "lane",
    "n": "north",
    "pkwy": "parkway",
    "pl": "place",
    "rd": "road",
    "s": "south",
    "sq": "square",
    "st": "street",
    "ste": "suite",
    "ter": "terrace",
    "w": "west",
}
SEPARATOR = ", "

_WORD = re.compile(r"\b([a-z]+)\b\.?")


def normalize_request(address: str) -> str:
    """Return an address of a request as it is compared."""
    return " ".join(address.lower().split())


def normalize_stored(address: str) -> str:
    """Return a stored address as it is compared; an empty one stays empty."""
    lines = [" ".join(line.split()).strip(" ,") for line in address.lower().splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > 1 and not any(char.isdigit() for char in lines[0]):
        lines = lines[1:]
    if not lines:
        return ""
    # Only the street part holds abbreviations: a region such as "CT" is no court.
    street, *rest = lines
    first, comma, tail = street.partition(",")
    written = _WORD.sub(lambda match: ABBREVIATIONS.get(match[1], match[1]), first)
    return SEPARATOR.join([written + comma + tail, *rest])
