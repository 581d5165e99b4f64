"""The cache, and what holds while its server is away."""
