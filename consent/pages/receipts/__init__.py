"""CDS-WG3-01 9.4 (page, mail): the receipt as customers see it, and the way to stop sharing."""
