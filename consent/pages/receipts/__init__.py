"""CDS-WG3-01 9.4: the receipt, its mail, and the way to end a consent."""
