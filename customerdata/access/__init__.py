"""CDS-WG3-01 7.2 (reach), 7.3 (windows), 12.3: which objects a Grant opens, and until when.

`snapshot` loads the structure of customers as of an instant, `rules` follows its links (pure),
`compute` stores the result, `listener` is what consent calls, `reading` serves the listings.
"""
