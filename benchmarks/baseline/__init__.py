"""What one would write first: a row per segment, values in a JSONField, a ModelSerializer."""
