"""CDS-WG3-01 9 (pages): a folder for each page, with its view, form and presenter."""
