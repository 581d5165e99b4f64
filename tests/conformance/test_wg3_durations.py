"""CDS-WG3-01 7.1, 7.3, 7.4.2, 9.2.2.2 and 9.3.3: from the request to the form and the Grant."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from consent.models import Grant
from consent.tasks import sweep_grants
from tests.consent.pages.world import MERGED, World, answer, form_url, service
from tests.factories.consent import token_for

spec = pytest.mark.spec
USAGE = "/cds-customerdata-api/v1/usage-segments"


def usage(**fields: Any) -> list[dict[str, Any]]:
    """Return authorization details for usage."""
    return [{"type": "cds_usage", **fields}]


def form(world: World, **fields: Any) -> str:
    """Return the form for usage with these fields."""
    request = world.ask("cds_usage", details=usage(**fields))
    return world.browser.get(form_url(request)).content.decode()


def granted(world: World, **fields: Any) -> Grant:
    """Return the Grant that such a request leads to."""
    request = world.ask("cds_usage", details=usage(**fields))
    world.browser.post(form_url(request), answer("sc_222222"))
    return Grant.objects.latest("pk")


def duration(html: str) -> str:
    """Return the words of the duration component."""
    part = html.split("For how long")[1].split("From which services")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


@spec("WG3-01 9.2.2.2 a", "WG3-01 9.2.2.2 o")
def test_endless(world: World) -> None:
    """No field name and no ISO 8601 on the page."""
    words = duration(
        form(world, segment_start="P1Y", segment_end="infinite", sync_until="infinite")
    )
    assert "until you stop" in words
    assert "segment" not in words
    assert "P1Y" not in words


@spec("WG3-01 9.2.2.2 p")
def test_past_only(world: World) -> None:
    """What it says differs from that of an endless request."""
    past = duration(form(world, segment_start="P1Y", segment_end="PT0S", sync_until="PT0S"))
    assert "until you stop" not in past


@spec("WG3-01 9.2.2.2 n")
def test_future_only(world: World) -> None:
    """What it says differs from that of a request for the past."""
    both = duration(form(world, segment_start="P1Y", segment_end="P1Y", sync_until="P1Y"))
    later = duration(form(world, segment_start="PT0S", segment_end="P1Y", sync_until="P1Y"))
    assert both != later


@spec("WG3-01 7.3 b", "WG3-01 7.3 c", "WG3-01 7.3.1 d")
def test_absolute_values(world: World) -> None:
    """Counted from the approval, whole to the second."""
    (entry,) = granted(world, sync_until="PT0S", segment_start="P1Y").authorization_details
    grant = Grant.objects.get()
    assert datetime.fromisoformat(entry["sync_until"]) == grant.created
    start = datetime.fromisoformat(entry["segment_start"])
    assert timedelta(days=364) < grant.created - start < timedelta(days=367)


@spec("WG3-01 7.3.8 c", "WG3-01 7.3.8 d")
def test_expires(world: World) -> None:
    """By the clock, and by the sweep that sets the status."""
    grant = granted(world, expires="P30D")
    assert grant.expires is not None
    assert timedelta(days=29) < grant.expires - grant.created < timedelta(days=31)
    headers = {"Authorization": f"Bearer {token_for(grant)}"}
    assert Browser().get(USAGE, headers=headers).status_code == 200
    Grant.objects.update(expires=timezone.now())
    assert Browser().get(USAGE, headers=headers).status_code == 401
    sweep_grants()
    assert Grant.objects.get().status == "expired"


@spec("WG3-01 7.1.3 d", "WG3-01 7.1.4 d", "WG3-01 7.1.9 d", "WG3-01 9.2.3.2 k")
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("contract_numbers", ["333333"]),
        ("service_types", ["natural_gas"]),
        ("meter_numbers", ["M333333", "unknown"]),
    ],
)
def test_preselection(world: World, field: str, values: list[str]) -> None:
    """Only ticked: the customer may choose otherwise."""
    html = form(world, **{field: values})
    assert re.findall(r'value="(sc_\d+)" checked', html) == ["sc_333333"]
    assert 'value="sc_222222"' in html


@spec("WG3-01 7.1 a")
def test_no_preselection_of_others(world: World) -> None:
    """Services of another customer do not appear."""
    html = form(world, contract_numbers=["444444"])
    assert re.findall(r'value="(sc_\d+)" checked', html) == []
    assert "sc_444444" not in html


@spec("WG3-01 6 b", "WG3-01 7.4.2 h", "WG3-01 9.2.1.4 b", "WG3-01 9.2.3.2 d")
def test_merged(world: World) -> None:
    """Both entries of the Grant carry the one choice."""
    request = world.ask(details=MERGED)
    assert world.browser.get(form_url(request)).content.decode().count("From which services") == 1
    world.browser.post(form_url(request), answer("sc_222222"))
    selections = Grant.objects.get().selections.all()
    assert [(each.scope_id, each.object_ids) for each in selections.order_by("entry")] == [
        ("cds_service_contracts", ["sc_222222"]),
        ("cds_usage", ["sc_222222"]),
    ]
    assert {each.selection_type for each in selections} == {"service_contract_selection"}


def test_forged_choice(world: World) -> None:
    """Another customer's service, and one that is not available."""
    world.own(service(222222), service(1, unavailable_reason="Closed."))
    for forged in ("sc_444444", "sc_1"):
        world.browser.post(form_url(world.ask("cds_usage")), answer(forged))
    assert not Grant.objects.exists()


@spec("WG3-01 9.1.1 r", "WG3-01 9.3.3 b", "WG3-01 9.3.3 d")
def test_default_redirect_errors(world: World) -> None:
    """The two kinds of message."""
    url = f"/oauth/default-redirect/{world.client.client_id}"
    declined = Browser().get(url, {"error": "access_denied"}).content.decode()
    assert "You declined the request" in declined
    failed = Browser().get(url, {"error": "invalid_scope"}).content.decode()
    assert "You declined" not in failed
    assert "Tell Acme Energy Auditors" in failed
