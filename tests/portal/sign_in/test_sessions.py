"""Whoever only looks gets no session: strangers must not fill the table."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.urls import get_resolver

from tests.house.test_urls import patterns

pytestmark = pytest.mark.django_db
UNKNOWN = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"


def paths() -> list[str]:
    """Return an address for each pattern; what its parts name does not exist."""
    found = []
    for route, pattern in patterns(get_resolver()):
        regex = pattern.pattern.regex.pattern
        plain = re.sub(r"<\w*:?\w+>", "abc", route)
        if "(?P" in regex and "<" not in route:
            plain = re.sub(r"\(\?P<\w+>[^)]*\)", "abc", route)
        found.append("/" + re.sub(r"[\^$\\]", "", plain))
    return found


@pytest.mark.parametrize("cookie", ["", UNKNOWN])
def test_no_page_makes_a_session_for_a_stranger_who_looks(cookie):
    """Nor for one who sends the cookie of a session that nobody has, or that has ended."""
    before = set(Session.objects.values_list("pk", flat=True))
    for path in paths():
        stranger = Browser(raise_request_exception=False)
        if cookie:
            stranger.cookies[settings.SESSION_COOKIE_NAME] = cookie
        query = {"next": "/sharing/", "language": "es"}
        response = stranger.get(path, query, headers={"accept-language": "es"})
        assert response.status_code < 500, path
        made = response.cookies.get(settings.SESSION_COOKIE_NAME)
        assert made is None or made.value == "", path
        assert set(Session.objects.values_list("pk", flat=True)) == before, path


@pytest.mark.parametrize("path", ["/healthz", "/docs/", "/sharing/", "/accounts/login/"])
def test_the_cookie_of_a_session_that_has_ended_is_no_mistake(path):
    """Browsers send it until they are told otherwise."""
    late = Browser(raise_request_exception=False)
    late.cookies[settings.SESSION_COOKIE_NAME] = UNKNOWN
    assert late.get(path).status_code in {200, 302}
