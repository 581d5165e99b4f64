"""CDS-WG1-02 3 to 7 (changes), 9 (changes): service packages, one or more for each chapter."""
