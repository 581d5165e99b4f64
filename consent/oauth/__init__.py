"""CDS-WG3-01 9.1.1 (pushed requests); CDS-WG1-02 8 (tokens): OAuth, on django-oauth-toolkit."""
