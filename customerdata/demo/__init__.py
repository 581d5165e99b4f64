"""CDS-WG3-01 4 (people): the demo utility: customers with usage, and a developer."""
