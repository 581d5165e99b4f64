"""One journey through the house enters few files: authorize, form, approval, listing.

Counted while each of the four requests is served, with `pytest -s` also printed: product files of
the four apps in which a function, method or generator runs. Middleware and sign-in count as well;
importing does not, and a first journey that nobody counts fills the caches of the process.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from rest_framework.test import APIClient

from consent.models import AuthorizationRequest
from portal.values.times import utility_zone
from tests.consent.oauth.support import CALLBACK, Party, answer_of, ask_token, authorize_url
from tests.consent.pages.world import answer, form_url
from tests.customerdata.api.segments_world import URL, body_of, series_of, write
from tests.factories.customerdata import Household

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
APPS = ("portal", "registration", "consent", "customerdata")
# Files entered by the whole journey; whoever needs more says why in the commit.
MOST_FILES = 87
# How often a file is entered from another, with room for lists: a lookup for each field of each
# object shows here.
MOST_ENTRIES = 1_300


class Journey:
    """The product files that were entered, in their order, by step."""

    def __init__(self) -> None:
        self.steps: dict[str, list[str]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Note every file in which a function begins."""
        entered = self.steps.setdefault(name, [])

        def note(frame: FrameType, event: str, _value: Any) -> None:
            code = frame.f_code
            if event == "call" and code.co_name != "<module>":
                entered.append(code.co_filename)

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(before)
        self.steps[name] = [file for each in entered if (file := _product_file(each))]

    def files(self) -> set[str]:
        """Return the files of all steps."""
        return set(chain(*self.steps.values()))

    def describe(self) -> str:
        """Return a line for each step, and the files of the whole."""
        lines = []
        for name, entered in {**self.steps, "whole": list(chain(*self.steps.values()))}.items():
            files = set(entered)
            apps = ", ".join(f"{app} {sum(f.startswith(app) for f in files)}" for app in APPS)
            lines.append(f"{name}: {len(files)} files ({apps}), entered {entries(entered)} times")
        return "\n".join([*lines, *sorted(self.files())])


def entries(entered: Iterable[str]) -> int:
    """Return how often a file is entered from another one."""
    return sum(1 for _ in groupby(entered))


def _product_file(path: str) -> str:
    if not path.startswith(str(ROOT)):
        return ""
    name = Path(path).relative_to(ROOT)
    return str(name) if name.parts[0] in APPS else ""


def _days_ago(now: datetime, days: int) -> datetime:
    """Return a midnight of the utility, in UTC."""
    day = now.astimezone(utility_zone()) - timedelta(days=days)
    return day.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def travel(acme: Party, step: Callable[[str], Any]) -> None:
    """Let a customer with one electric service share usage, and read it as the company."""
    home = Household()
    now = timezone.now()
    write(series_of(home.services[0]), [1, 2], start=_days_ago(now, 9), as_of=now)
    browser = Browser()
    browser.force_login(home.user)
    url = authorize_url(acme.app, redirect_uri=CALLBACK, scope="cds_usage", state="s")
    with step("GET authorize"):
        response = browser.get(url)
    asked = AuthorizationRequest.objects.latest("pk")
    assert response["Location"] == form_url(asked)
    with step("GET form"):
        form = browser.get(form_url(asked))
    fields = answer(*home.contract_ids(0), mark=form.context["mark"])
    with step("POST approval"):
        response = browser.post(form_url(asked), fields)
    code = answer_of(response["Location"])["code"]
    token = ask_token(
        acme.app_credential, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    ).json()["access_token"]
    http = APIClient()
    http.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    with step("GET usage"):
        page = body_of(http.get(URL))
    assert page["usage_segments"]


def test_the_journey_enters_few_files(acme: Party) -> None:
    """The form is on the way, so the pages count; tokens are another journey."""
    travel(acme, Journey().step)
    journey = Journey()
    travel(acme, journey.step)
    sys.stdout.write(f"\n{journey.describe()}\n")
    assert len(journey.files()) <= MOST_FILES
    assert entries(chain(*journey.steps.values())) <= MOST_ENTRIES
