"""The portal's own data: terms that customers accept, keys of encrypted columns."""
