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
    reading_type = (
        f"<ReadingType><commodity>{commodity}</commodity><currency>840</currency>{data}"
        f"{direction}<powerOfTenMultiplier>{power}</powerOfTenMultiplier>{unit}</ReadingType>"
    )
    point = f"<UsagePoint><ServiceCategory><kind>{kind}</kind></ServiceCategory></UsagePoint>"
    zone = f"<LocalTimeParameters>{NA_RULES}<tzOffset>{offset}</tzOffset></LocalTimeParameters>"
    block = f"<IntervalBlock>{''.join(readings)}</IntervalBlock>"
    entries = "".join(
        [
            entry("UP/1", "UP", point, "UP/1/MR", "LTP/1", title="Home"),
            entry("UP/1/MR/1", "UP/1/MR", "<MeterReading/>", "UP/1/MR/1/IB", "RT/7"),
            entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB", block),
            entry("LTP/1", "LTP", zone),
            entry("RT/7", "RT", reading_type),
        ]
    )
    espi = entries
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
