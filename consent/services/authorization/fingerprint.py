"""What ties an answer to the form that was shown: the request, the person, the words, the terms.

A company knows the address of the form, and may change its name or purposes while a customer reads;
the utility may change its terms.
Only an answer with the mark of the form counts as this person's, for these words.
"""

from consent.models import AuthorizationRequest
from consent.services.receipts import client_words, purpose_words
from portal.crypto import digest, same
from portal.terms import customer_terms, digest_of
from portal.values.jsontext import dumps


def form_mark(request: AuthorizationRequest, user_pk: int) -> str:
    """Return the mark of the form as this person sees it now (CDS-WG3-01 9.2.1.3, 9.2.2.4)."""
    client = request.client
    purposes = [purpose_words(client, entry.get("purpose")) for entry in request.entries]
    terms = digest_of(customer_terms())
    shown = [request.request_id, user_pk, client_words(client), purposes, terms]
    return digest(dumps(shown).decode(), purpose="authorization-form")


def is_marked(request: AuthorizationRequest, user_pk: int, mark: str) -> bool:
    """Whether an answer comes from the form that was shown to this person, in today's words."""
    return same(mark, form_mark(request, user_pk))
