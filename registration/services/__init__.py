"""CDS-WG1-02 3 to 9 (changes): a package for each chapter."""
