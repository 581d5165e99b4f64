"""The terms that customers accept when they approve a request: the utility's Markdown text.

Developers have separate terms, which no customer accepts: docs/terms.md.
"""

from hashlib import sha256

from django.conf import settings
from django.template.loader import render_to_string


def has_customer_terms() -> bool:
    """Whether this utility asks customers to accept terms."""
    return bool(settings.CUSTOMER_TERMS.strip() or settings.DEMO)


def customer_terms() -> str:
    """Return the current terms, "" for none; the demo utility has its own."""
    if settings.CUSTOMER_TERMS.strip():
        return str(settings.CUSTOMER_TERMS)
    if not settings.DEMO:
        return ""
    words = {"name": settings.UTILITY_NAME, "email": settings.UTILITY_SUPPORT_EMAIL}
    return render_to_string("portal/demo_terms.md", words)


def digest_of(terms: str) -> str:
    """Return a digest that identifies a text, "" for no text."""
    return sha256(terms.encode()).hexdigest() if terms else ""
