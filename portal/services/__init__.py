"""Changes of what the portal itself keeps: terms that customers accept, keys of encrypted columns."""
