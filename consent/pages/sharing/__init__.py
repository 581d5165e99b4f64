"""CDS-WG3-01 9.4 (list): who can see a customer's data."""
