"""CDS-WG1-02 2; CDS-WG3-01 2: JSON, dates and durations as the standards write them."""
