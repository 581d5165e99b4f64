"""CDS-WG3-01 9.1.1 (endpoint), 9.1.2, 9.2, 9.3: the authorization form, and pages instead of it."""
