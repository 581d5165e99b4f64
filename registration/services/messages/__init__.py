"""CDS-WG1-02 6: Messages, from the body of a request to the emails about them."""
