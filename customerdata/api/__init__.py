"""CDS-WG3-01 7.4.6, 10, 11.5: the listings that all kinds of objects share, and encryption."""
