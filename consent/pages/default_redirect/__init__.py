"""CDS-WG3-01 9.1.1, 9.3.3: where customers end whose client named no page of its own."""
