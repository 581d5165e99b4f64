"""CDS-WG3-01 9.2.3: which person has which of the utility's accounts, from link to unlink."""
