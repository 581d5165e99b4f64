"""The cache, and what replaces it while its server is unavailable."""
