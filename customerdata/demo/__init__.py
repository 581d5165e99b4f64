"""CDS-WG3-01 4 (demo): the demo utility, its customers with their data, and a developer."""
