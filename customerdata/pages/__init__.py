"""CDS-WG3-01 9.1.2 (linking): pages on which people link their accounts."""
