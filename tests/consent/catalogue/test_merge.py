"""One selection for several scopes of a request (CDS-WG3-01 7.4.2)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from consent.catalogue.details import (
    InvalidAuthorizationDetails,
    parse_request,
    selection_groups,
)
from registration.catalogue.offers import Choice, FieldOffer

USAGE = "cds_usage"
CONTRACTS = "cds_service_contracts"
PURPOSES = tuple(Choice(id=name, name=name, description=name) for name in ("audit", "other"))


def request(offers, usage=None, contracts=None):
    return parse_request(
        [USAGE, CONTRACTS],
        [
            {"type": USAGE, "merge_selection_with": CONTRACTS, **(usage or {})},
            {"type": CONTRACTS, "merge_selection_with": USAGE, **(contracts or {})},
        ],
        offers,
    )


def key():
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (
        base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
        for number in (numbers.x, numbers.y)
    )
    return {"kty": "EC", "use": "enc", "crv": "P-256", "x": x, "y": y}


@pytest.mark.spec("WG3-01 7.4.2 h")
def test_two_scopes_share_one_selection(offers):
    """The customer chooses once for both."""
    accesses = request(offers)
    assert selection_groups(accesses) == (accesses,)


@pytest.mark.spec("WG3-01 7.4.2 k")
def test_scopes_stand_alone_by_default(offers):
    """Null means a request section of its own."""
    accesses = parse_request([USAGE, CONTRACTS], None, offers)
    assert selection_groups(accesses) == ((accesses[0],), (accesses[1],))


@pytest.mark.spec("WG3-01 7.4.2 j")
def test_any_number_of_scopes_can_merge(offers):
    """CDS-WG3-01 7.4.2: also along a chain of references."""
    third = "cds_usage_2"
    more = offers | {third: offers[USAGE].__class__(
        id=third, type=USAGE, fields=offers[USAGE].fields
    )}  # fmt: skip
    accesses = parse_request(
        [USAGE, CONTRACTS, third],
        [
            {"type": USAGE, "merge_selection_with": CONTRACTS},
            {"type": CONTRACTS, "merge_selection_with": third},
            {"type": third, "merge_selection_with": CONTRACTS},
        ],
        more,
    )
    assert selection_groups(accesses) == (accesses,)


def test_two_entries_of_one_scope_can_merge(offers):
    """The first other match is meant."""
    entry = {"type": USAGE, "merge_selection_with": USAGE}
    accesses = parse_request([USAGE], [entry, {**entry, "segment_start": "P1M"}], offers)
    assert selection_groups(accesses) == (accesses,)


@pytest.mark.spec("WG3-01 7.4.2 d")
def test_of_several_matches_the_first_is_meant(offers):
    """The other entry of that scope keeps a section of its own, or the request is refused."""
    entry = {"type": USAGE, "merge_selection_with": CONTRACTS}
    merged, alone = {"type": CONTRACTS, "merge_selection_with": USAGE}, {"type": CONTRACTS}
    accesses = parse_request([], [entry, merged, alone], offers)
    assert selection_groups(accesses) == (accesses[:2], accesses[2:])
    with pytest.raises(InvalidAuthorizationDetails):
        parse_request([], [entry, alone, merged], offers)


def test_same_preselections_may_come_in_any_order(offers):
    """A list of numbers names a set."""
    assert request(offers, {"contract_numbers": ["1", "2"]}, {"contract_numbers": ["2", "1", "2"]})


@pytest.mark.spec("WG3-01 7.4.2 c", "WG3-01 7.4.2 e", "WG3-01 7.4.2 f", "WG3-01 7.4.2 g")
@pytest.mark.parametrize(
    ("usage", "contracts"),
    [
        ({"merge_selection_with": "cds_meters"}, {}),
        ({"merge_selection_with": USAGE}, {}),
        ({}, {"merge_selection_with": None}),
        ({"contract_numbers": ["1"]}, {"contract_numbers": ["2"]}),
        ({"contract_numbers": ["1"]}, {}),
        ({"premise_numbers": ["1"]}, {}),
        ({"allow_scope_modifications": False}, {}),
    ],
)
def test_scopes_that_differ_cannot_merge(offers, usage, contracts):
    """Each of these would show the customer one list that means two things."""
    with pytest.raises(InvalidAuthorizationDetails) as caught:
        request(offers, usage, contracts)
    assert caught.value.field == "merge_selection_with"


@pytest.mark.spec("WG3-01 7.4.2 f")
def test_selections_of_merged_scopes_are_equal(offers):
    """A list of meters is not a list of services."""
    meters = Choice(id="meter_device_selection", name="Meters", description="Choose meters.")
    by_meter = offers | {
        USAGE: offers[USAGE].with_field(
            FieldOffer(id="authorization_form_selection_type", default=meters.id, choices=(meters,))
        )
    }
    with pytest.raises(InvalidAuthorizationDetails, match="selection types differ"):
        request(by_meter)


@pytest.mark.spec("WG3-01 7.4.2 f")
def test_purposes_of_merged_scopes_are_equal(offers):
    """The section shows one purpose."""
    with_purpose = {
        scope_id: offer.__class__(
            id=offer.id,
            type=offer.type,
            fields=(*offer.fields, FieldOffer(id="purpose", choices=PURPOSES)),
        )
        for scope_id, offer in offers.items()
        if scope_id in {USAGE, CONTRACTS}
    }
    assert request(with_purpose, {"purpose": "audit"}, {"purpose": "audit"})
    with pytest.raises(InvalidAuthorizationDetails, match="purposes differ"):
        request(with_purpose, {"purpose": "audit"}, {"purpose": "other"})


@pytest.mark.spec("WG3-01 7.4.6 d")
def test_one_key_for_all_scopes(offers):
    """CDS-WG3-01 7.4.6: responses of several scopes cannot be told apart by key."""
    mine, other = key(), key()
    assert request(offers, {"jwk": mine}, {"jwk": dict(reversed(mine.items()))})
    for different in (other, None):
        with pytest.raises(InvalidAuthorizationDetails) as caught:
            request(offers, {"jwk": mine}, {"jwk": different})
        assert caught.value.field == "jwk"


@pytest.mark.spec("WG3-01 7.3.8 c")
def test_one_end_for_all_scopes(offers):
    """A Grant ends as a whole: two ends would make one of them untrue on the form."""
    assert request(offers, {"expires": "P12M"}, {"expires": "P1Y"})
    for different in ("P2Y", "infinite"):
        with pytest.raises(InvalidAuthorizationDetails, match="same in every entry") as caught:
            request(offers, {"expires": "P1Y"}, {"expires": different})
        assert caught.value.field == "expires"
    with pytest.raises(InvalidAuthorizationDetails):
        parse_request([USAGE, CONTRACTS], [{"type": USAGE, "expires": "P1Y"}], offers)
