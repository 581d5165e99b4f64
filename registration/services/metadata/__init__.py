"""CDS-WG1-01 3 to 5; CDS-WG1-02 3, 10; CDS-WG3-01 3: metadata documents and coverage."""
