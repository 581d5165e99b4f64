"""CDS-WG3-01 9.3.3: where customers end up when the client named no page of its own."""
