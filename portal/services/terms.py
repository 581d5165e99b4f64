"""Storing the terms that customers accept."""

from django.db import transaction

from portal import audit
from portal.models import TermsVersion
from portal.terms import customer_terms, digest_of


@transaction.atomic
def keep_terms() -> str:
    """Store the current customer terms; return their digest, "" for none (CDS-WG3-01 9.4).

    Each text is stored once, however many customers accept it.
    """
    text = customer_terms()
    digest = digest_of(text)
    if text:
        kept, is_new = TermsVersion.objects.get_or_create(digest=digest, defaults={"text": text})
        if is_new:
            audit.record("terms.kept", by=audit.SYSTEM, subject=f"terms:{kept.digest}")
    return digest
