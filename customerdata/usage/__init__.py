"""CDS-WG3-01 10.8 (store): usage in packs, with versions; written, read, kept up."""
