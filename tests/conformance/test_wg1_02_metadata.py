"""CDS-WG1-02 3: authorization server metadata."""

import pytest
from rest_framework.test import APIClient

from registration.catalogue.offers import ScopeOffer
from registration.errors import OffersInvalid
from registration.services.offers import current_offers, load_offers
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


@pytest.mark.spec("CDS-WG1-02", "3.1", "the oauth capability and its address")
def test_server_metadata_names_oauth():
    """Discovery starts at CDS-WG1-01."""
    body = APIClient().get("/.well-known/cds-server-metadata.json").json()
    assert "oauth" in body["capabilities"]
    assert body["oauth_metadata"] == "http://testserver/.well-known/oauth-authorization-server"


@pytest.mark.spec("CDS-WG1-02", "3.2", "metadata object format")
def test_format(document):
    """Every required field, descriptions included (CDS-WG1-02 3.4, 3.8, 3.10)."""
    assert problems("AuthorizationServerMetadata", document) == []


@pytest.mark.spec("CDS-WG1-02", "3.2", "lists are unions over the scope descriptions")
@pytest.mark.parametrize("name", UNIONS)
def test_lists_are_unions(document, name):
    """No description offers more than the document says, and none less together."""
    union = {value for item in document["cds_scope_descriptions"].values() for value in item[name]}
    assert set(document[name]) == union
    assert len(document[name]) == len(union)


@pytest.mark.spec("CDS-WG1-02", "3.2", "each scope has its description under its id")
def test_scopes_have_descriptions(document):
    """Keys and ids agree."""
    descriptions = document["cds_scope_descriptions"]
    assert set(document["scopes_supported"]) == set(descriptions)
    assert all(key == item["id"] for key, item in descriptions.items())


@pytest.mark.spec("CDS-WG1-02", "3.2", "PAR and test accounts where customers are asked")
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


@pytest.mark.spec("CDS-WG1-02", "3.2", "what works is listed, nothing else")
def test_nothing_is_listed_that_has_no_scope(document):
    """No files API without a file scope."""
    assert "cds_server_provided_files_api" not in document


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


@pytest.mark.spec("CDS-WG1-02", "3.3.1", "client admin scope is fixed")
def test_client_admin_scope(document):
    """It is always offered."""
    scope = document["cds_scope_descriptions"]["cds_client_admin"]
    assert scope["grant_types_supported"] == ["client_credentials"]
    assert scope["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert scope["authorization_details_types_supported"] == []
    load_offers([])
    assert list(current_offers()) == ["cds_client_admin"]


@pytest.mark.spec("CDS-WG1-02", "3.3.2", "for_types and types are the scope id")
def test_grant_admin_scope(document):
    """Decision 1."""
    scope = document["cds_scope_descriptions"]["cds_grant_admin_1"]
    assert scope["authorization_details_types_supported"] == ["cds_grant_admin_1"]
    assert [field["id"] for field in scope["authorization_details_fields_supported"]] == [
        "client_id",
        "grant_id",
    ]


@pytest.mark.spec("CDS-WG1-02", "3.4", "S256 offered, plain never")
def test_code_challenge_methods(document):
    """Decision 51."""
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.spec("CDS-WG1-02", "3.4", "a named grant admin scope is described")
def test_grant_admin_scopes_are_described(document):
    """Offers that name a missing one are refused, so metadata never does."""
    descriptions = document["cds_scope_descriptions"]
    for scope in descriptions.values():
        assert scope["grant_admin_scope"] in {None, *descriptions}
    with pytest.raises(OffersInvalid):
        load_offers(
            [ScopeOffer(id="cds_accounts", type="cds_accounts", grant_admin_scope="cds_missing")]
        )


@pytest.mark.spec("CDS-WG1-02", "3.4", "named registration fields are described")
def test_unknown_registration_fields_are_refused():
    """cds_registration_fields has a key for every id that a scope names."""
    offer = ScopeOffer(
        id="cds_grant_admin_1", type="cds_grant_admin", registration_optional=("company",)
    )
    with pytest.raises(OffersInvalid, match="company"):
        load_offers([offer])
