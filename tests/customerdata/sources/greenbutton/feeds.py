"""Small Green Button feeds, written for these tests."""

from collections.abc import Sequence

NA_RULES = (
    "<dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset>"
    "<dstStartRule>360E2000</dstStartRule>"
)


def entry(own: str, up: str, content: str, *related: str, title: str = "") -> str:
    """Return one Atom entry."""
    links = f'<link rel="self" href="{own}"/><link rel="up" href="{up}"/>'
    links += "".join(f'<link rel="related" href="{href}"/>' for href in related)
    return f"<entry><id>urn:x</id>{links}<title>{title}</title><content>{content}</content></entry>"


def reading(
    start: int | str,
    seconds: int,
    value: int,
    *,
    cost: int | None = None,
    quality: int | None = None,
) -> str:
    """Return one IntervalReading."""
    parts = f"<cost>{cost}</cost>" if cost is not None else ""
    if quality is not None:
        parts += f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>"
    parts += f"<timePeriod><duration>{seconds}</duration><start>{start}</start></timePeriod>"
    return f"<IntervalReading>{parts}<value>{value}</value></IntervalReading>"


def feed(
    readings: Sequence[str],
    *,
    kind: int | str = 0,
    uom: int | None = 72,
    power: int = 0,
    flow: int | None = 1,
    qualifier: int | None = None,
    offset: int = -28800,
    updated: str = "2026-02-01T00:00:00Z",
    commodity: int = 1,
) -> bytes:
    """Return a flat feed of one usage point whose reading type comes last."""
    unit = f"<uom>{uom}</uom>" if uom is not None else ""
    direction = f"<flowDirection>{flow}</flowDirection>" if flow is not None else ""
    data = f"<dataQualifier>{qualifier}</dataQualifier>" if qualifier is not None else ""
    kind_of_reading = (
        f"<ReadingType><commodity>{commodity}</commodity><currency>840</currency>{data}"
        f"{direction}<powerOfTenMultiplier>{power}</powerOfTenMultiplier>{unit}</ReadingType>"
    )
    usage_point = f"<UsagePoint><ServiceCategory><kind>{kind}</kind></ServiceCategory></UsagePoint>"
    zone = f"<LocalTimeParameters>{NA_RULES}<tzOffset>{offset}</tzOffset></LocalTimeParameters>"
    return document(
        entry("UP/1", "UP", usage_point, "UP/1/MR", "LTP/1", title="Home"),
        entry("UP/1/MR/1", "UP/1/MR", "<MeterReading/>", "UP/1/MR/1/IB", "RT/7"),
        entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB", block(*readings)),
        entry("LTP/1", "LTP", zone),
        entry("RT/7", "RT", kind_of_reading),
        updated=updated,
    )


def document(*entries: str, updated: str = "2026-02-01T00:00:00Z") -> bytes:
    """Return a feed of these entries."""
    espi = "\n".join(entries)
    for name in (
        "UsagePoint",
        "MeterReading",
        "ReadingType",
        "LocalTimeParameters",
        "IntervalBlock",
    ):
        espi = espi.replace(f"<{name}>", f'<{name} xmlns="http://naesb.org/espi">')
        espi = espi.replace(f"<{name}/>", f'<{name} xmlns="http://naesb.org/espi"/>')
    return (
        '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>Test</title>'
        f"<updated>{updated}</updated>\n{espi}</feed>"
    ).encode()


def bare(content: str, *, atom_id: str = "") -> str:
    """Return an entry without any link."""
    own = f"<id>{atom_id}</id>" if atom_id else ""
    return f"<entry>{own}<content>{content}</content></entry>"


def point(kind: int = 0) -> str:
    """Return a usage point."""
    return f"<UsagePoint><ServiceCategory><kind>{kind}</kind></ServiceCategory></UsagePoint>"


def block(*readings: str) -> str:
    """Return a block of readings."""
    return f"<IntervalBlock>{''.join(readings)}</IntervalBlock>"


def reading_type(**fields: int) -> str:
    """Return a reading type; Wh forward unless stated otherwise."""
    stated = {"flowDirection": 1, "powerOfTenMultiplier": 0, "uom": 72} | fields
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in sorted(stated.items()))
    return f"<ReadingType>{inside}</ReadingType>"
