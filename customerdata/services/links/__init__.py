"""CDS-WG3-01 9.2.3 (links): which person has which of the utility's accounts."""
