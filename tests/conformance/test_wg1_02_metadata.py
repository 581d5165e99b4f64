"""CDS-WG1-02 3: authorization server metadata."""

from dataclasses import replace

import pytest
from rest_framework.test import APIClient

from registration.catalogue.offers import ScopeOffer
from registration.errors import OffersInvalid
from registration.fields.standard import standard_fields
from registration.models import Client
from registration.services.catalogue.offers import current_offers, load_offers
from tests.factories.registration import ClientFactory, CoverageEntryFactory
from tests.rates import rates
from tests.registration.schemas import problems
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db

UNIONS = (
    "response_types_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "authorization_details_types_supported",
)


@pytest.fixture
def document():
    offer_demo_scopes()
    http = APIClient()
    return http.get(
        http.get("/.well-known/cds-server-metadata.json").json()["oauth_metadata"]
    ).json()


@pytest.mark.spec("WG1-02 3.1 a", "WG1-02 3.1 b")
def test_server_metadata_names_oauth():
    """Discovery starts at CDS-WG1-01."""
    body = APIClient().get("/.well-known/cds-server-metadata.json").json()
    assert "oauth" in body["capabilities"]
    assert body["oauth_metadata"] == "http://testserver/.well-known/oauth-authorization-server"


@pytest.mark.spec("WG1-02 3 a", "WG1-02 3.2 a", "WG1-02 3.4 a", "WG1-02 3.8 a", "WG1-02 3.10 a")
def test_format(document):
    """Every required field, descriptions included (CDS-WG1-02 3.4, 3.8, 3.10)."""
    assert problems("AuthorizationServerMetadata", document) == []


@pytest.mark.spec("WG1-02 3.2 d", "WG1-02 3.2 e", "WG1-02 3.2 g", "WG1-02 3.2 h", "WG1-02 3.2 i")
@pytest.mark.parametrize("name", UNIONS)
def test_lists_are_unions(document, name):
    """No description offers more than the document says, and none less together."""
    union = {value for item in document["cds_scope_descriptions"].values() for value in item[name]}
    assert set(document[name]) == union
    assert len(document[name]) == len(union)


@pytest.mark.spec("WG1-02 3.2 b", "WG1-02 3.2 l", "WG1-02 3.4 b")
def test_scopes_have_descriptions(document):
    """Keys and ids agree."""
    descriptions = document["cds_scope_descriptions"]
    assert set(document["scopes_supported"]) == set(descriptions)
    assert all(key == item["id"] for key, item in descriptions.items())


@pytest.mark.spec("WG1-02 3.2 f", "WG1-02 3.2 k")
def test_addresses_for_customer_consent(document):
    """They appear with the first response type and not before."""
    for name in (
        "pushed_authorization_request_endpoint",
        "cds_test_accounts",
        "authorization_endpoint",
    ):
        assert document[name].startswith("http://testserver/")
    load_offers([])
    bare = APIClient().get("/.well-known/oauth-authorization-server").json()
    assert problems("AuthorizationServerMetadata", bare) == []
    assert "pushed_authorization_request_endpoint" not in bare
    assert bare["response_types_supported"] == []


@pytest.mark.spec("WG1-02 3.2 j")
def test_nothing_is_listed_that_has_no_scope(document):
    """No files API without a file scope."""
    assert "cds_server_provided_files_api" in document
    load_offers([])
    bare = APIClient().get("/.well-known/oauth-authorization-server").json()
    assert "cds_server_provided_files_api" not in bare


@pytest.mark.spec("CDS-WG1-02", "3.2", "every documentation page answers")
def test_documentation_answers(document):
    """Scopes, fields and choices lead to a page that has their anchor."""
    browser = APIClient()
    for scope in document["cds_scope_descriptions"].values():
        page = browser.get(scope["documentation"])
        assert page.status_code == 200
        text = page.content.decode()
        for field in scope["authorization_details_fields_supported"]:
            for item in (field, *field.get("choices", ())):
                base, _, anchor = item["documentation"].partition("#")
                assert base == scope["documentation"]
                assert f'id="{anchor}"' in text


@pytest.mark.spec("CDS-WG1-02", "3.2", "policy, terms, documentation, registration, test accounts")
@pytest.mark.parametrize(
    "name",
    [
        "service_documentation",
        "op_policy_uri",
        "op_tos_uri",
        "cds_human_registration",
        "cds_test_accounts",
    ],
)
def test_pages_for_people_answer(document, name):
    """They are pages of this server."""
    answer = APIClient().get(document[name])
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.spec("WG1-02 3.3.1 a")
def test_client_admin_scope(document):
    """It is always offered."""
    scope = document["cds_scope_descriptions"]["cds_client_admin"]
    assert scope["grant_types_supported"] == ["client_credentials"]
    assert scope["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert scope["authorization_details_types_supported"] == []
    load_offers([])
    assert list(current_offers()) == ["cds_client_admin"]


@pytest.mark.spec("WG1-02 3.3.2 a")
def test_grant_admin_scope(document):
    """Decision 1."""
    scope = document["cds_scope_descriptions"]["cds_grant_admin_1"]
    assert scope["authorization_details_types_supported"] == ["cds_grant_admin_1"]
    assert [field["id"] for field in scope["authorization_details_fields_supported"]] == [
        "client_id",
        "grant_id",
    ]


@pytest.mark.spec("WG1-02 3.4 f")
def test_code_challenge_methods(document):
    """Decision 51."""
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.spec("WG1-02 3.4 g")
def test_grant_admin_scopes_are_described(document):
    """Offers that name a missing one are refused, so metadata never does."""
    descriptions = document["cds_scope_descriptions"]
    for scope in descriptions.values():
        assert scope["grant_admin_scope"] in {None, *descriptions}
    with pytest.raises(OffersInvalid):
        load_offers(
            [ScopeOffer(id="cds_accounts", type="cds_accounts", grant_admin_scope="cds_missing")]
        )


@pytest.mark.spec("WG1-02 3.4 d")
def test_unknown_registration_fields_are_refused():
    """cds_registration_fields has a key for every id that a scope names."""
    offer = ScopeOffer(
        id="cds_grant_admin_1", type="cds_grant_admin", registration_optional=("company",)
    )
    with pytest.raises(OffersInvalid, match="company"):
        load_offers([offer])


@pytest.mark.spec("WG1-02 3.3.1 a")
def test_client_admin_scope_says_what_the_standard_says(document):
    """Only the documentation URL is the server's choice."""
    scope = document["cds_scope_descriptions"]["cds_client_admin"]
    assert {name: value for name, value in scope.items() if name != "documentation"} == {
        "id": "cds_client_admin",
        "type": "cds_client_admin",
        "name": "Client Admin",
        "description": "This scope grants administrative access to the Client management APIs.",
        "registration_requirements": [],
        "registration_optional": [],
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": [],
        "coverages_supported": [],
        "grant_admin_scope": None,
        "authorization_details_types_supported": [],
        "authorization_details_fields_supported": [],
    }


@pytest.mark.spec("WG1-02 3.2 o")
def test_several_ids_of_one_type():
    """Each with its own coverage and limits; the union names both, once."""
    offer_demo_scopes()
    areas = CoverageEntryFactory.create_batch(2)
    usage = current_offers()["cds_usage"]
    start = next(entry for entry in usage.fields if entry.id == "segment_start")
    short = replace(
        usage.with_field(replace(start, maximum="P1Y")),
        id="cds_usage_gas",
        coverages=(areas[1].entry_id,),
    )
    long = replace(usage, coverages=(areas[0].entry_id,))
    load_offers([*(o for o in current_offers().values() if o.id != "cds_usage"), long, short])
    document = APIClient().get("/.well-known/oauth-authorization-server").json()
    assert problems("AuthorizationServerMetadata", document) == []
    described = document["cds_scope_descriptions"]
    for scope_id, area, limit in (
        ("cds_usage", areas[0], "P3Y"),
        ("cds_usage_gas", areas[1], "P1Y"),
    ):
        scope = described[scope_id]
        fields = {field["id"]: field for field in scope["authorization_details_fields_supported"]}
        assert (scope["type"], scope["coverages_supported"]) == ("cds_usage", [area.entry_id])
        assert fields["segment_start"]["maximum"] == limit
        assert fields["segment_start"]["for_types"] == [scope_id]
        assert scope_id in document["authorization_details_types_supported"]


@pytest.mark.spec("CDS-WG1-02", "3.4", "coverages_supported are ids of coverage entries")
def test_unknown_coverages_are_refused():
    """Metadata never names an area that the coverage listing does not have."""
    offer = ScopeOffer(id="cds_grant_admin_1", type="cds_grant_admin", coverages=("nowhere",))
    with pytest.raises(OffersInvalid, match="nowhere"):
        load_offers([offer])


@pytest.mark.spec("WG1-02 3.2 m", "WG1-02 3.5 b")
def test_registration_fields_are_described():
    """An empty object when none is named, else one entry for each."""
    offer_demo_scopes()
    bare = APIClient().get("/.well-known/oauth-authorization-server").json()
    named = _named_fields(bare)
    assert set(bare["cds_registration_fields"]) == named
    known = ["company_kind", "company_registration_pdf"]
    assert set(known) <= standard_fields().keys()
    offers = [
        replace(o, registration_requirements=(), registration_optional=tuple(known))
        for o in _without_admin()
    ]
    load_offers(offers)
    document = APIClient().get("/.well-known/oauth-authorization-server").json()
    assert set(document["cds_registration_fields"]) == _named_fields(document) == set(known)
    for key, field in document["cds_registration_fields"].items():
        assert field["id"] == key
        assert problems("RegistrationField", field) == []


def _without_admin():
    return [o for o in current_offers().values() if o.id != "cds_client_admin"]


def _named_fields(document):
    return {
        name
        for scope in document["cds_scope_descriptions"].values()
        for name in (*scope["registration_requirements"], *scope["registration_optional"])
    }


@pytest.mark.spec("WG1-02 5.1 e")
def test_client_metadata_shows_the_clients_own_coverage():
    """Its scopes work in one area of two: coverage and capabilities are of that one."""
    offer_demo_scopes()
    west = CoverageEntryFactory.create(capabilities=["oauth", "outages"])
    CoverageEntryFactory.create(capabilities=["oauth", "tariffs"])
    usage = replace(current_offers()["cds_usage"], coverages=(west.entry_id,))
    load_offers([*(o for o in _without_admin() if o.id != "cds_usage"), usage])
    client = ClientFactory.create(consent=True, scopes=["cds_usage"])
    http = APIClient()
    own = http.get(f"/cds/clients/{client.client_id}/server-metadata.json").json()
    assert problems("ServerMetadata", own) == []
    assert own["capabilities"] == ["coverage", "oauth", "outages"]
    entries = http.get(own["coverage"]).json()["coverage_entries"]
    assert [entry["id"] for entry in entries] == [west.entry_id]
    scopes = http.get(own["oauth_metadata"]).json()["cds_scope_descriptions"]
    assert scopes["cds_usage"]["coverages_supported"] == [west.entry_id]
    everywhere = ClientFactory.create(admin=True)
    public = http.get("/.well-known/cds-server-metadata.json").json()
    theirs = http.get(f"/cds/clients/{everywhere.client_id}/server-metadata.json").json()
    assert theirs["coverage"] == public["coverage"]
    assert theirs["capabilities"] == public["capabilities"]


@pytest.mark.spec("CDS-WG1-02", "5.1", "updated of Client specific metadata is true")
def test_client_metadata_is_updated_when_it_changes():
    """Reading changes nothing, another scope with another area does."""
    offer_demo_scopes()
    west, east = CoverageEntryFactory.create_batch(2)
    usage = replace(current_offers()["cds_usage"], coverages=(west.entry_id,))
    services = replace(current_offers()["cds_service_contracts"], coverages=(east.entry_id,))
    load_offers([current_offers()["cds_grant_admin_1"], usage, services])
    client = ClientFactory.create(consent=True, scopes=["cds_usage"])
    path = f"/cds/clients/{client.client_id}/server-metadata.json"
    first = APIClient().get(path).json()
    assert APIClient().get(path).json() == first
    Client.objects.filter(pk=client.pk).update(scopes=["cds_service_contracts"])
    assert APIClient().get(path).json()["updated"] > first["updated"]


@pytest.mark.spec("CDS-WG1-02", "11.3", "limits by IP, Client and Credential; no captcha")
def test_discovery_is_limited_by_address_and_says_so(settings, stopped_clock):
    """429 with Retry-After; machines never meet a human-only test (11.4)."""
    rates(settings, public="1/min")
    path = "/.well-known/oauth-authorization-server"
    assert APIClient().get(path).status_code == 200
    refused = APIClient().get(path)
    assert (refused.status_code, refused["X-RateLimit-Remaining"]) == (429, "0")
    assert int(refused["Retry-After"]) > 0
    assert APIClient().get(path, REMOTE_ADDR="192.0.2.9").status_code == 200


@pytest.mark.spec("WG1-02 3.3.2 a")
def test_grant_admin_scopes_say_what_the_standard_says(document):
    """for_types is the scope id (decision 1); the id itself is the server's choice."""
    scope = document["cds_scope_descriptions"]["cds_grant_admin_1"]
    fields = scope["authorization_details_fields_supported"]
    own = ("id", "documentation", "authorization_details_fields_supported")
    assert {name: value for name, value in scope.items() if name not in own} == {
        "type": "cds_grant_admin",
        "name": "Grant Admin",
        "description": "This scope grants administrative access to previously created Grants.",
        "registration_requirements": [],
        "registration_optional": [],
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": [],
        "coverages_supported": [],
        "grant_admin_scope": None,
        "authorization_details_types_supported": ["cds_grant_admin_1"],
    }
    for field in fields:
        assert (field["format"], field["is_required"]) == ("string", True)
        assert (field["maximum"], field["minimum"]) == (1000, 1)
        assert field["for_types"] == ["cds_grant_admin_1"]


@pytest.mark.spec("WG1-02 3.3.3 b")
def test_file_scopes_say_what_the_standard_says():
    """Reached through a grant admin scope alone (decision 4)."""
    offer_demo_scopes()
    files = ScopeOffer(
        id="cds_files_1",
        type="cds_server_provided_files",
        name="Server-Provided Files: Office Documents",
        grant_admin_scope="cds_grant_admin_1",
    )
    load_offers([*_without_admin(), files])
    document = APIClient().get("/.well-known/oauth-authorization-server").json()
    assert problems("AuthorizationServerMetadata", document) == []
    scope = document["cds_scope_descriptions"]["cds_files_1"]
    empty = (
        "registration_requirements",
        "registration_optional",
        "response_types_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "code_challenge_methods_supported",
        "coverages_supported",
    )
    assert {name: scope[name] for name in empty} == {name: [] for name in empty}
    assert scope["name"].startswith("Server-Provided Files: ")
    assert scope["grant_admin_scope"] == "cds_grant_admin_1"
    with pytest.raises(OffersInvalid):
        load_offers([*_without_admin()[:1], replace(files, name="Papers")])
