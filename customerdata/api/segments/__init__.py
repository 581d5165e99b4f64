"""CDS-WG3-01 10.8.8: usage segments as one token sees them.

`entries` reads what the Grant's entries open, `filters` the URL parameters, `scan` walks the packs
in the order of the listing, `pieces` cuts a pack into what is granted of it (pure), `related` finds
the visible ids around it, `page` puts one page together and `body` writes it as a stream.

What a page makes for each of its segments are msgspec structs: making a frozen dataclass takes ten
times as long.
"""
