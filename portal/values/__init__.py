"""Values as the standards write them: JSON, dates, durations, and words for them (CDS-WG1-02 2)."""
