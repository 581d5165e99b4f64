"""CDS-WG3-01 9.1.2, 9.2, 9.3: the authorization form, and the pages shown instead of it."""
