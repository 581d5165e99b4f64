"""CDS-WG3-01 9.1, 9.3: authorization requests, from their parameters to the answer."""
