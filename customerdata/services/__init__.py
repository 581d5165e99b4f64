"""CDS-WG3-01 10 (changes): what the utility's systems say, and who has which account."""
