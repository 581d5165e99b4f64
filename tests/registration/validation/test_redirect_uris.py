"""Which redirect URIs may be registered, and which requested ones count as registered."""

from functools import partial

import pytest

from registration.errors import InvalidRedirectUri
from registration.validation.redirect_uris import is_registered, read_redirect_uris

OWN = "http://testserver/oauth/default-redirect/cl_1"


def read(*uris, is_public=False, is_sandbox=False):
    return read_redirect_uris(list(uris), default=OWN, is_public=is_public, is_sandbox=is_sandbox)


@pytest.mark.parametrize(
    "uri",
    [
        OWN,
        "https://app.example/cb",
        "https://app.example:8443/cb?tenant=1&x=%20",
        "https://[2001:db8::1]/cb",
        "https://xn--slar-5qa.example/cb",
    ],
)
def test_everyone_may_use_https_and_the_own_default(uri):
    """The own default is http in a demo; it is allowed because the server made it."""
    assert read(uri) == [uri]


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:8080/cb", "http://[::1]/cb", "http://localhost:3000/cb"]
)
def test_loopback_http_is_for_the_sandbox_and_for_public_clients(uri):
    """RFC 8252 7.3: apps listen on the person's own machine."""
    assert read(uri, is_sandbox=True) == read(uri, is_public=True) == [uri]
    with pytest.raises(InvalidRedirectUri):
        read(uri)


def test_private_schemes_are_for_public_clients():
    """RFC 8252 7.1: a reversed domain name, so with a dot."""
    assert read("com.example.app:/cb", is_public=True) == ["com.example.app:/cb"]
    for is_sandbox in (True, False):
        with pytest.raises(InvalidRedirectUri):
            read("com.example.app:/cb", is_sandbox=is_sandbox)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "app",
        "/cb",
        "//app.example/cb",
        "https://",
        "https:///cb",
        "https:/app.example/cb",
        "https://app.example/cb#x",
        "https://app.example/cb#",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://user@app.example/cb",
        "https://user:pw@app.example/cb",
        "https://@app.example/cb",
        "https://app.example/a/../cb",
        "https://app.example/a/%2E%2e/cb",
        "https://app.example\\@evil.example/cb",
        "https://app.example/c b",
        "https://app.example/\ncb",
        "https://app.example/cb\x00",
        "https://app.example:99999/cb",
        "https://app.example:x/cb",
        "https://s\u00f6lar.example/cb",
        "https://app.example/\ud800",
        "https://app.example/" + "x" * 2000,
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://testserver/oauth/default-redirect/cl_2",
        "HTTP://TESTSERVER/anything",
        "http://testserver:80/anything",
        "http://testserver./anything",
        "https://testserver/anything",
        "https://app.example/a/..%2fcb",
        "https://app.example/a/%2e%2e%5Ccb",
        "https://app.example./cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "myapp:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_what_can_be_abused_is_refused_for_all(uri):
    """No kind of Client may register these; the answer names the value."""
    with pytest.raises(InvalidRedirectUri) as caught:
        read(uri, is_public=True, is_sandbox=True)
    assert caught.value.field == "redirect_uris"
    assert caught.value.message.isascii()


@pytest.mark.parametrize(
    "value", [None, "https://app.example", {}, [1], [None], ["https://a.example"] * 51]
)
def test_the_list_itself_is_checked(value):
    """Wrong types are named, not guessed."""
    with pytest.raises(InvalidRedirectUri):
        read_redirect_uris(value, default=OWN, is_public=False, is_sandbox=True)


def test_an_empty_list_is_the_default_alone():
    """Decision 59: a Client that asks customers always has a redirect URI."""
    assert read() == [OWN]


def test_repetitions_collapse():
    """A list is a set in order."""
    assert read("https://a.example/", "https://a.example/") == ["https://a.example/"]


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("https://app.example/cb", True),
        ("https://app.example/cb/", False),
        ("https://app.example/CB", False),
        ("https://app.example:443/cb", False),
        ("https://app.example/cb?x=1", False),
        ("http://127.0.0.1:51234/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1/cb\n", False),
        ("http://127.0.0.1/c\tb", False),
        ("http://127.0.0.1\\@evil.example/cb", False),
        ("http://127.0.0.1:51234/other", False),
        ("http://[::1]:51234/cb", False),
        ("http://localhost:51234/local", False),
        ("http://localhost:3000/local", True),
        ("http://x@127.0.0.1:1/cb", False),
        ("http://127.0.0.1:99999999/cb", False),
        ("https://127.0.0.1:1/cb", False),
        ("", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(requested, expected):
    """RFC 9700 2.1 wants exact matches, RFC 8252 7.3 this one exception."""
    registered = [
        "https://app.example/cb",
        "http://127.0.0.1:8000/cb",
        "http://localhost:3000/local",
    ]
    assert is_registered(requested, registered) is expected


@pytest.mark.parametrize(
    "uri",
    [
        "https://data.example.com/cb",
        "https://data.example.com:8443/cb",
        "https://DATA.example.com/cb",
        "https://probe.example.com/cb",
        "https://a.internal.example/cb",
    ],
)
def test_no_host_of_ours_is_named_but_in_the_default(settings, uri):
    """All ports of it, and the names for health checks: a code must not come back to us."""
    settings.BASE_URL = "https://data.example.com"
    settings.EXTRA_HOSTS = ["probe.example.com", ".internal.example"]
    default = "https://data.example.com/oauth/default-redirect/cl_1"
    check = partial(read_redirect_uris, default=default, is_public=False, is_sandbox=False)
    with pytest.raises(InvalidRedirectUri, match="must not point to this server"):
        check([uri])
    others = [default, "https://example.com/cb", "https://app.example.com/cb"]
    assert check(others) == others
