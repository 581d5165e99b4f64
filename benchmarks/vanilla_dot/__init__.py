"""django-oauth-toolkit with nothing around it: no middleware, and secrets hashed fast."""
