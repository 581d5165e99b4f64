"""CDS-WG3-01 9.2.3: from what a customer may choose, and what is chosen."""
