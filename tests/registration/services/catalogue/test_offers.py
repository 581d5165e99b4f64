"""Offers as rows: what goes in comes out, and reading is cheap."""

import pytest

from consent.catalogue.demo_offers import demo_offers
from portal.http.context import RequestContext, current
from portal.models import AuditEvent
from registration.catalogue.offers import ScopeOffer
from registration.errors import OffersInvalid
from registration.models import OfferedScope
from registration.services.catalogue.offers import current_offers, load_offers, offers_for
from tests.factories.registration import ClientFactory
from tests.registration.support import offer_demo_scopes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepared_or_plain")]


def test_rows_give_back_what_was_loaded():
    """Every setting of the demo survives, in order."""
    offer_demo_scopes()
    assert list(current_offers().items()) == list(demo_offers().items())


def test_loading_the_same_again_changes_nothing():
    """So `updated` of the metadata stays true when a seed runs twice."""
    offer_demo_scopes()
    before = list(OfferedScope.objects.values_list("pk", "modified"))
    offer_demo_scopes()
    assert list(OfferedScope.objects.values_list("pk", "modified")) == before
    assert AuditEvent.objects.filter(action="offers.changed").count() == 1


def test_a_change_shows_at_once_and_what_is_gone_is_gone():
    """Also within one request."""
    offer_demo_scopes()
    token = current.set(RequestContext("r1"))
    try:
        assert "cds_usage" in current_offers()
        load_offers([ScopeOffer(id="cds_grant_admin_1", type="cds_grant_admin")])
        assert list(current_offers()) == ["cds_client_admin", "cds_grant_admin_1"]
    finally:
        current.reset(token)


def test_one_request_reads_the_offers_once(django_assert_num_queries):
    """Whatever asks how often."""
    offer_demo_scopes()
    current_offers()
    token = current.set(RequestContext("r2"))
    try:
        with django_assert_num_queries(1):
            assert current_offers() is current_offers()
    finally:
        current.reset(token)
    with django_assert_num_queries(1):
        current_offers()


def test_broken_offers_are_refused_as_a_whole():
    """The message lists every rule; the old offers stay."""
    offer_demo_scopes()
    with pytest.raises(OffersInvalid, match="unknown scope type"):
        load_offers([ScopeOffer(id="x", type="cds_nothing")])
    assert "cds_usage" in current_offers()


def test_a_client_keeps_only_what_is_still_offered():
    """A scope that the utility withdrew cannot be asked for any more."""
    offer_demo_scopes()
    client = ClientFactory.create(consent=True, scopes=["cds_usage", "cds_withdrawn"])
    assert list(offers_for(client)) == ["cds_usage"]
