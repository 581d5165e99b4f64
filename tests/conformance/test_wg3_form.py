"""The authorization form and its errors, rule by rule (CDS-WG3-01 7.4, 9.1 to 9.3)."""

import re
from typing import Any

import pytest
from django.conf import settings

from consent.models import Grant
from tests.consent.oauth.support import answer_of
from tests.consent.pages.world import MERGED, World, answer, form_url, service

spec = pytest.mark.spec


def html_of(world: World, **request: Any) -> str:
    """Return the form for a request."""
    return world.browser.get(form_url(world.ask(**request))).content.decode()


def css_of(selector: str) -> str:
    """Return the declarations of the theme for one selector."""
    css = (settings.BASE_DIR / "portal/static/portal/theme.css").read_text()
    return css.split(f"{selector} {{")[1].split("}")[0]


@spec("WG3-01 9.2 a", "WG3-01 9.2.1 a", "WG3-01 9.2.1.3 a", "WG3-01 9.2.1.4 b")
def test_section_order(world: World) -> None:
    """Header, requester, requests, closing, approval, footer."""
    html = html_of(world)
    marks = (
        'class="page-header"',
        'class="requester"',
        "Request 1 of 2",
        "Request 2 of 2",
        "By authorizing you accept",
        'value="authorize"',
        'class="page-footer"',
    )
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


@spec("WG3-01 7.4.4 f", "WG3-01 9.2.1.4 a", "WG3-01 9.2.1.4 e", "WG3-01 9.2.2.4 a")
def test_component_order(world: World) -> None:
    """Inside each request section."""
    world.client.purposes = {"p1": {"id": "p1", "content": "Why", "related_uri": None}}
    world.client.save()
    request = world.ask("cds_usage")
    request.access[0]["purpose"] = "p1"
    request.save()
    html = world.browser.get(form_url(request)).content.decode()
    marks = ("would receive", "For how long", "From which services", "What for")
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


@spec("WG3-01 7.4.4 e", "WG3-01 9.2.1.4 f")
def test_no_purpose(world: World) -> None:
    """Nothing to show, nothing shown."""
    assert "What for" not in html_of(world)


@spec("WG3-01 9.2.1.1 a", "WG3-01 9.2.1.1 b", "WG3-01 9.2.1.1 e")
def test_header(world: World) -> None:
    """Name and title; no navigation."""
    html = html_of(world)
    assert "Demo Gas &amp; Electric: request to share your data" in html
    assert "<nav" not in html


@spec("WG3-01 9.2.1.1 c")
def test_logo(world: World, settings: Any) -> None:
    """It leads to the utility's website, beside the form."""
    settings.UTILITY_WEBSITE = "https://utility.example/"
    header = html_of(world).split('class="page-header"')[1].split("</header>")[0]
    (link,) = re.findall(r"<a [^>]*>", header)
    assert 'href="https://utility.example/"' in link
    assert 'target="_blank"' in link


@spec("WG3-01 9.2.1.2 a", "WG3-01 9.2.1.2 b", "WG3-01 9.2.1.2 c")
def test_requester(world: World) -> None:
    """Only what was confirmed is linked."""
    world.client.client_uri = "https://acme.example/"
    world.client.save()
    assert "acme.example" not in html_of(world)
    world.client.website_confirmed = world.client.created
    world.client.save()
    html = html_of(world)
    assert '<a href="https://acme.example/" target="_blank" rel="noopener">Acme' in html
    heading = re.sub(r"<[^>]+>", "", html.split("<h1>")[1].split("</h1>")[0])
    assert heading == "Acme Energy Auditors (opens in new tab) asks for your energy data"


@spec("WG3-01 9.2 d")
def test_links_open_tabs(world: World) -> None:
    """The customer keeps the place in the form."""
    main = html_of(world).split("<main")[1].split("</main>")[0]
    links = re.findall(r'<a [^>]*href="[^#][^>]*>', main)
    assert links
    assert all('target="_blank"' in link for link in links)


@spec("WG3-01 9.2 d")
def test_links_of_the_footer_open_tabs(world: World) -> None:
    """Help, privacy and terms too, and they say so."""
    footer = html_of(world).split('class="page-footer"')[1]
    links = re.findall(r"<a [^>]*>[^<]*", footer)
    assert len(links) == 3
    assert all('target="_blank"' in link and "(opens in new tab)" in link for link in links)


@spec("WG3-01 9.2.1.5 a")
def test_terms_are_those_for_customers(world: World, settings: Any) -> None:
    """Never those of developers, nor anything to fill in; a utility without any says nothing."""
    html = html_of(world)
    closing = html.split("By authorizing you accept")[1].split('value="authorize"')[0]
    assert not re.search("<(input|select|textarea)", closing)
    assert 'href="/terms/"' in html.split("By authorizing you accept")[1].split("</p>")[0]
    assert "/docs/terms/" not in html
    settings.DEMO = False
    html = html_of(world)
    assert "By authorizing you accept" not in html
    assert "Terms (opens" not in html


@spec("WG3-01 9.2.1.3 b")
def test_removal(world: World) -> None:
    """With one request there is nothing to remove."""
    assert "remove-0" in html_of(world)
    assert "remove-" not in html_of(world, details=MERGED)


@spec("WG3-01 9.2.1.5 b")
def test_closing_follows(world: World) -> None:
    """The sentence about the end is that of the requests that stay."""
    details = [
        {"type": "cds_service_contracts", "sync_until": "infinite"},
        {"type": "cds_usage", "sync_until": "P30D", "segment_end": "P30D"},
    ]
    request = world.ask(details=details)
    url = form_url(request)
    assert (
        "until you stop sharing."
        in world.browser.get(url).content.decode().split("data-summary")[1]
    )
    world.browser.post(url, answer(action="remove-0", shown=["0", "1"]))
    summary = world.browser.get(url).content.decode().split("data-summary")[1]
    assert "until you stop sharing" not in summary


@spec("WG3-01 9.1.1 l", "WG3-01 9.2.1.6 c")
def test_decline(world: World) -> None:
    """No choice is needed, and the client learns access_denied."""
    response = world.browser.post(form_url(world.ask()), {"action": "decline"})
    assert answer_of(response["Location"])["error"] == "access_denied"


@spec("WG3-01 9.2.1.6 d")
def test_errors(world: World) -> None:
    """Marked at the list and on top; the next try succeeds."""
    url = form_url(world.ask(details=MERGED))
    html = world.browser.post(url, answer()).content.decode()
    assert "error-summary" in html
    assert "field-invalid" in html
    assert world.browser.post(url, answer("sc_222222")).status_code == 303


@spec("WG3-01 9.2.1.6 e")
def test_once(world: World) -> None:
    """A resubmitted form is answered from the first time."""
    url = form_url(world.ask(details=MERGED))
    answers = {world.browser.post(url, answer("sc_222222"))["Location"] for _ in range(3)}
    assert len(answers) == 1
    assert Grant.objects.count() == 1


@spec("WG3-01 9.2.1.7 a")
def test_footer(world: World) -> None:
    """And links help, privacy and terms."""
    footer = html_of(world).split('class="page-footer"')[1]
    assert "Use another account" in footer
    for word in ("Help", "Privacy", "Terms"):
        assert word in footer


@spec("WG3-01 9.2.2.1 a", "WG3-01 9.2.2.1 d", "WG3-01 9.2.2.2 a")
def test_plain_words(world: World) -> None:
    """Customers need not know what a usage segment is."""
    main = html_of(world).split("<main")[1].split("</main>")[0]
    text = re.sub(r"<[^>]+>", " ", main)
    assert not re.search(r"\b(scope|token|grant|segment|OAuth)s?\b", text, re.IGNORECASE)
    assert "For example:" in text


@spec(
    "WG3-01 9.2.2.4 g",
    "WG3-01 9.2.2.4 h",
    "WG3-01 9.2.2.4 i",
    "WG3-01 9.2.2.4 j",
    "WG3-01 9.2.2.4 k",
    "WG3-01 9.2.2.4 l",
)
def test_purpose_block() -> None:
    """pre-wrap, break-word, scroll, at most ten lines, no minimum height."""
    rule = css_of(".purpose-text")
    for declaration in ("white-space: pre-wrap", "word-break: break-word", "overflow: scroll"):
        assert declaration in rule
    assert "max-height: 15.5em" in rule
    assert "min-height" not in rule


@spec("WG3-01 9.2.3.2 b", "WG3-01 9.2.3.2 c")
def test_entries(world: World) -> None:
    """Everything that tells two services apart."""
    world.own(service(222222, name="Home", address="12 Main St", account="1111-1"))
    html = html_of(world, details=MERGED)
    for words in ("222222", "electricity", "account 1111-1", "Home", "12 Main St"):
        assert words in html


@spec("WG3-01 9.2.3.2 c")
def test_all_service_types_of_an_entry(world: World) -> None:
    """Two commodities on one contract, and what kind of service it is."""
    world.own(service(222222, kind="electric, natural_gas, commercial"))
    assert "electricity and natural gas: commercial" in html_of(world, details=MERGED)


@spec("WG3-01 9.2.3.2 e", "WG3-01 9.2.3.2 f")
def test_select_all(world: World) -> None:
    """With a script and without."""
    html = html_of(world, details=MERGED)
    assert 'data-select="all"' in html
    assert 'value="none-0"' in html
    assert 'name="request-1-later"' in html


@spec("WG3-01 9.2.3.2 g", "WG3-01 9.2.3.2 h", "WG3-01 9.2.3.2 i", "WG3-01 9.2.3.2 j")
def test_long_lists(world: World) -> None:
    """Ten entries need none of it."""
    world.own(*(service(n) for n in range(10)))
    assert "data-search" not in html_of(world, details=MERGED)
    world.own(*(service(n) for n in range(11)))
    html = html_of(world, details=MERGED)
    for mark in ("data-search", "pick-list-long", "data-count", "data-chosen", "0 of 11 selected"):
        assert mark in html
    assert "max-height: 22rem; overflow: auto" in css_of(".pick-list-long")


@spec("WG3-01 9.2.3.2 g")
@pytest.mark.parametrize("query", ["1000007", "9999-9", "harbor", "elm road"])
def test_search(world: World, query: str) -> None:
    """By number, account, name and address; without a script it is a round trip."""
    others = [service(n) for n in range(1000010, 1000020)]
    world.own(service(1000007, account="9999-9", name="Harbor", address="7 Elm Road"), *others)
    url = form_url(world.ask(details=MERGED))
    world.browser.post(url, answer(action="search-0") | {"request-1-query": query})
    html = world.browser.get(url).content.decode()
    assert html.count("data-row hidden") == 10
    assert 'value="sc_1000007"' in html


@spec("WG3-01 9.2.3.2 l", "WG3-01 9.2.3.2 m")
def test_special_values(world: World) -> None:
    """Every entry and the box for later ones."""
    details = [{"type": "cds_usage", "contract_numbers": ["_all", "_include_future"]}]
    request = world.ask("cds_usage", details=details)
    html = world.browser.get(form_url(request)).content.decode()
    assert len(re.findall(r'value="sc_\d+" checked', html)) == 2
    assert "data-later checked" in html


@spec("WG3-01 7.4.5 c", "WG3-01 9.2.1.4 c")
def test_no_modifications(world: World) -> None:
    """And a forged removal authorizes nothing."""
    details = [
        {"type": scope, "allow_scope_modifications": False}
        for scope in ("cds_service_contracts", "cds_usage")
    ]
    request = world.ask(details=details)
    assert "remove-" not in world.browser.get(form_url(request)).content.decode()
    world.browser.post(form_url(request), answer("sc_222222", removed=["1"]))
    assert not Grant.objects.exists()


@spec(
    "WG3-01 7.4.3 c",
    "WG3-01 9.1.1 j",
    "WG3-01 9.3.1 a",
    "WG3-01 9.3.1 b",
    "WG3-01 9.3.1 c",
    "WG3-01 9.3.1 d",
    "WG3-01 9.3.1 e",
)
def test_preselection_error(world: World) -> None:
    """In the customer's words; declining says no_preselections (decision 16)."""
    details = [
        {
            "type": "cds_usage",
            "contract_numbers": ["999111"],
            "service_types": ["electric"],
            "meter_types": ["ami_meter"],
            "error_if_no_preselections": True,
        }
    ]
    request = world.ask("cds_usage", details=details)
    html = world.browser.get(form_url(request)).content.decode()
    assert "Acme Energy Auditors" in html
    assert "Services with these numbers: 999111" in html
    missing, found = html.split("also asked for the following")
    assert "which we do not find under your account" in missing
    assert "Meters of this kind: Smart meters" in missing
    assert "Services of this kind" not in missing
    assert "Services of this kind: electricity" in found
    assert "Use another account" in html
    assert 'value="decline"' in html
    assert 'value="authorize"' not in html
    response = world.browser.post(
        form_url(request), {"action": "decline", "reason": "no_preselections"}
    )
    assert answer_of(response["Location"])["error"] in {
        "no_preselections",
        "invalid_authorization_details",
    }


@spec("WG3-01 7.1 b", "WG3-01 9.3.1 c")
def test_nothing_fits_everything(world: World) -> None:
    """What the customer has is not called missing; the page says why it does not help."""
    details = [
        {
            "type": "cds_usage",
            "contract_numbers": ["222222"],
            "service_types": ["natural_gas"],
            "error_if_no_preselections": True,
        }
    ]
    html = html_of(world, details=details)
    assert "we do not find" not in html
    assert "does not have" not in html
    reason, lines = html.split("but nothing that fits them together:")
    assert "Nothing in your account matches everything Acme Energy Auditors asked for" in reason
    assert "Services with these numbers: 222222" in lines
    assert "Services of this kind: natural gas" in lines


def test_what_cannot_be_shared_now_is_not_called_missing(world: World) -> None:
    """The row is on the list, with the reason; the account is the right one."""
    world.own(service(222222, unavailable_reason="Closed."))
    details = [
        {
            "type": "cds_usage",
            "contract_numbers": ["222222"],
            "error_if_no_preselections": True,
        }
    ]
    html = html_of(world, details=details)
    assert "we do not find" not in html
    assert "it cannot be shared now:" in html


@pytest.mark.parametrize(
    "asked",
    [
        {"contract_numbers": ["_include_future"]},
        {"account_numbers": ["_include_future"], "contract_numbers": ["222222"]},
    ],
)
@spec("WG3-01 7.1.1 d")
def test_following_alone_is_nothing_missing(world: World, asked: dict[str, Any]) -> None:
    """The form opens, with the box ticked."""
    details = [{"type": "cds_usage", "error_if_no_preselections": True, **asked}]
    html = world.browser.get(form_url(world.ask("cds_usage", details=details))).content.decode()
    assert "data-later checked" in html
    assert ('value="sc_222222" checked' in html) == (len(asked) == 2)


@spec("WG3-01 9.3.1 c")
def test_long_lists_are_complete(world: World) -> None:
    """Eighty numbers: the last thirty open on demand."""
    numbers = [f"N{n:02}X" for n in range(80)]
    details = [
        {"type": "cds_usage", "contract_numbers": numbers, "error_if_no_preselections": True}
    ]
    html = html_of(world, details=details)
    assert "<summary>Show 30 more</summary>" in html
    assert all(number in html for number in numbers)


@spec("WG3-01 7.4.3 e")
def test_preselection_error_needs_preselections(world: World) -> None:
    """Nothing was named, so nothing can be missing."""
    details = [{"type": "cds_usage", "error_if_no_preselections": True}]
    request = world.ask("cds_usage", details=details)
    assert "From which services" in world.browser.get(form_url(request)).content.decode()


@spec("WG3-01 9.1.1 c", "WG3-01 9.3.2 a", "WG3-01 9.3.2 b")
def test_invalid_request(world: World) -> None:
    """Nothing goes to an address that was not proven."""
    response = world.browser.get("/oauth/authorize?response_type=code&client_id=nobody")
    assert response.status_code == 400
    html = response.content.decode()
    assert "has missing or incorrect parts, so we can't complete it" in html
    assert "Please tell the website or app that gave you the link that it is not valid" in html
