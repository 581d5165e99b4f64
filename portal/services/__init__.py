"""What the portal changes of its own: terms that customers accept, keys of encrypted columns."""
