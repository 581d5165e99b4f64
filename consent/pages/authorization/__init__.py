"""CDS-WG3-01 9.1 to 9.3: the authorization form and the pages in its place."""
