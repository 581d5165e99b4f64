"""CDS-WG3-01 9.4: who can see a customer's data."""
