"""What Grants open: from the customer's choices to rows that listings join (CDS-WG3-01 6, 7.2).

`snapshot` loads the structure of customers as of an instant, `rules` follows its links (pure),
`compute` stores the result, `listener` is what consent calls, `reading` serves the listings.
"""
