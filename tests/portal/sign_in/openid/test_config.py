"""OIDC_PROVIDERS: whole, unmistakable, over https; what is wrong is named, not guessed."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import env
from portal.checks import check_openid
from portal.sign_in.openid.config import apps_of
from tests.portal.sign_in.openid.support import entry

GOOD = entry("https://id.example")


def ids(settings, *entries):
    """Return the ids of what the check finds."""
    settings.OIDC_PROVIDERS = list(entries)
    return [message.id for message in check_openid()]


def test_nothing_and_a_whole_entry_are_fine(settings):
    """Off by default."""
    assert ids(settings) == []
    assert ids(settings, GOOD, {**GOOD, "id": "second"}) == []
    assert [app["provider_id"] for app in apps_of([GOOD])] == ["utility"]


@pytest.mark.parametrize("name", ["id", "name", "server_url", "client_id", "client_secret"])
def test_half_set(settings, name):
    """The check names what is missing; nobody is offered a sign-in that cannot work."""
    half = {key: value for key, value in GOOD.items() if key != name}
    settings.OIDC_PROVIDERS = [half]
    (message,) = check_openid()
    assert message.id == "portal.E006"
    assert name in message.msg
    assert message.hint
    assert GOOD["client_secret"] not in message.msg
    assert apps_of([half]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Utility Login"},
        {"id": "openid_connect"},
        {"name": "x" * 41},
        {"match_email": "true"},
        {"scopes": "accounts"},
        {"accounts_claim": ["a"]},
        {"matchemail": True},
        {"server_url": "https://id.example/?x=1"},
        {"server_url": "https://a:b@id.example"},
        {"server_url": "id.example"},
        {"server_url": "https://[broken"},
    ],
)
def test_wrong_values(settings, changes):
    """A misspelt key is an error as well: it would switch something on or off unseen."""
    assert ids(settings, {**GOOD, **changes}) == ["portal.E006"]
    assert apps_of([{**GOOD, **changes}]) == []


def test_not_an_object(settings):
    """A list of names is no configuration."""
    assert ids(settings, "https://id.example") == ["portal.E006"]


def test_plain_http(settings):
    """In the demo on this machine, else never."""
    assert ids(settings, entry("http://127.0.0.1:9000")) == []
    assert ids(settings, entry("http://id.example")) == ["portal.E007"]
    settings.DEMO = False
    assert ids(settings, entry("http://127.0.0.1:9000")) == ["portal.E007"]


def test_two_of_one_name(settings):
    """Subjects of two providers must not meet."""
    assert ids(settings, GOOD, {**GOOD, "server_url": "https://b.example"}) == ["portal.E008"]


def test_the_variable(monkeypatch, tmp_path):
    """A list in JSON, also from a file; the value is not repeated in errors."""
    monkeypatch.setattr(env, "VARIABLES", {})
    assert env.env_json("SOME_LIST", shape=list, help="x") == []
    file = tmp_path / "providers.json"
    file.write_text(json.dumps([GOOD]))
    monkeypatch.setenv("SOME_LIST_FILE", str(file))
    assert env.env_json("SOME_LIST", shape=list, help="x") == [GOOD]
    monkeypatch.delenv("SOME_LIST_FILE")
    for wrong in ("{}", "client_secret=abc", '"x"'):
        monkeypatch.setenv("SOME_LIST", wrong)
        with pytest.raises(ImproperlyConfigured, match=r"SOME_LIST .*JSON") as raised:
            env.env_json("SOME_LIST", shape=list, help="x")
        assert "abc" not in str(raised.value)
