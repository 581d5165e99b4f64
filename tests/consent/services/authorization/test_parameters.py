"""Parameters are counted before any of them is converted."""

import json

import pytest
from django.test import RequestFactory

from consent.services.authorization.parameters import (
    MalformedRequest,
    body_parameters,
    query_parameters,
)

NAMES = {f"name{number}": "v" for number in range(101)}
FORM = "&".join(f"{name}=v" for name in NAMES)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(NAMES), "application/json"),
        (json.dumps(NAMES).replace("name1", "name2"), "application/json"),
        (FORM, "application/x-www-form-urlencoded"),
        ("a=1&" * 100 + "a=1", ""),
    ],
)
def test_a_body_holds_a_hundred_names(body, kind):
    """Repeated ones count as well."""
    request = RequestFactory().post("/oauth/token", body, content_type=kind)
    with pytest.raises(MalformedRequest, match="at most 100 parameters"):
        body_parameters(request)


def test_parts_are_counted_before_they_are_read():
    """Reading a part costs more than any other name."""
    fields = dict.fromkeys(list(NAMES)[:100], "v")
    assert len(body_parameters(RequestFactory().post("/oauth/token", fields)).values) == 100
    request = RequestFactory().post("/oauth/token", NAMES)
    with pytest.raises(MalformedRequest, match="at most 100 parameters"):
        body_parameters(request)
    assert not hasattr(request, "_post")


def test_an_address_holds_a_hundred_names():
    """Those of a body and of an address are the same parameters."""
    with pytest.raises(MalformedRequest, match="at most 100 parameters"):
        query_parameters(RequestFactory().get("/oauth/authorize", QUERY_STRING=FORM))


def test_values_of_an_address_keep_their_characters():
    """Encoded and, from careless clients, raw."""
    request = RequestFactory().get("/oauth/authorize?state=%C3%A9+%26")
    assert query_parameters(request).get("state") == "\xe9 &"
    request = RequestFactory().get("/x", QUERY_STRING="state=\xe9".encode().decode("latin-1"))
    assert query_parameters(request).get("state") == "\xe9"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": "x", "b": 1.50, "c": [ {"d": null} ], "e": null}', {"a": "x", "b": "1.50"}),
        (' \n{ "a" :\t"\\u00e9" , "b" : true } ', {"a": "\xe9", "b": "true"}),
        ("{}", {}),
    ],
)
def test_json_is_read_member_by_member(text, values):
    """Strings as what they say, other values as they stand there, null as absent."""
    request = RequestFactory().post("/oauth/token", text, content_type="application/json")
    found = dict(body_parameters(request).values)
    assert found.pop("c", '[ {"d": null} ]') == '[ {"d": null} ]'
    assert found == values


def test_a_json_name_that_came_twice_shows():
    """As it does in a form."""
    text = '{"a": "1", "b": "2", "a": "3"}'
    request = RequestFactory().post("/oauth/token", text, content_type="application/json")
    assert body_parameters(request).repeated == {"a"}


@pytest.mark.parametrize(
    "text",
    [
        *('{"a"}', '{"a": }', '{"a": 1', '{"a": 1,}', '{, "a": 1}', '{"a": 1 "b": 2}', "{1: 2}"),
        *('{"a": 1} x', '{"a" 1}', "{", '{"a": 1}}', '{"a": ' + "9" * 5_000 + "}"),
    ],
)
def test_what_is_no_json_is_refused(text):
    """Wherever it breaks off."""
    request = RequestFactory().post("/oauth/token", text, content_type="application/json")
    with pytest.raises(MalformedRequest, match="not valid JSON"):
        body_parameters(request)
