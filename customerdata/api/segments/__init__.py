"""CDS-WG3-01 10.8.8: usage segments as one token sees them.

`entries` reads what the Grant's entries open, `filters` reads the URL parameters, `scan` walks the
packs in the order of the listing, `pieces` cuts a pack down to what is granted (pure), `related`
finds the visible ids around it, `page` assembles one page and `body` writes it as a stream.

Objects created for each segment of a page are msgspec structs, because creating a frozen dataclass
takes ten times as long.
"""
