"""The terms that customers accept: the utility's own, shown and kept as they were."""

import pytest
from django.test import Client as Browser

from portal.branding import current_utility
from portal.models import AuditEvent, TermsVersion
from portal.services.terms import keep_terms
from portal.terms import customer_terms, digest_of

pytestmark = pytest.mark.django_db


def test_the_utilitys_own_terms_are_shown(settings):
    """Markdown in, HTML out; its tags stay text."""
    settings.CUSTOMER_TERMS = "# Our terms\n\nBe <b>kind</b>."
    html = Browser().get("/terms/").content.decode()
    assert "<h1>Our terms</h1>" in html
    assert "Be &lt;b&gt;kind&lt;/b&gt;." in html


def test_the_demo_brings_terms_for_customers(settings):
    """They speak of sharing, not of secrets and programs as those of developers do."""
    html = Browser().get(current_utility().terms_url).content.decode()
    assert "Terms for sharing your data" in html
    assert settings.UTILITY_NAME.replace("&", "&amp;") in html
    assert "secret" not in customer_terms()


def test_a_utility_without_terms_has_no_page(settings):
    """Nothing is accepted, so nothing is linked."""
    settings.DEMO, settings.CUSTOMER_TERMS = False, " "
    assert current_utility().terms_url == ""
    assert Browser().get("/terms/").status_code == 404
    assert keep_terms() == ""


def test_each_text_is_kept_once(settings):
    """However many customers accept it."""
    settings.CUSTOMER_TERMS = "One"
    first = keep_terms()
    assert keep_terms() == first == digest_of("One")
    settings.CUSTOMER_TERMS = "Two"
    keep_terms()
    kept = TermsVersion.objects.order_by("pk").values_list("text", flat=True)
    assert list(kept) == ["One", "Two"]
    assert AuditEvent.objects.filter(action="terms.kept").count() == 2
