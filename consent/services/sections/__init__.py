"""CDS-WG3-01 7.4.1, 7.4.2, 9.2.3: what a customer can choose from, and what is chosen."""
