"""django-oauth-toolkit as its own tutorial sets it up, but with secrets hashed fast."""
