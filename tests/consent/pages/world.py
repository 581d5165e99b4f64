"""A customer with services, a company that asks, and a request between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from consent import customer_accounts
from consent.catalogue.details import parse_request, to_wire
from consent.customer_accounts import Selectable
from consent.models import AuthorizationRequest
from consent.services.authorization import approve as approval
from consent.services.authorization.approve import form_mark
from consent.services.sections.choices import Choices
from portal.models import User
from registration.models import Client
from registration.services.catalogue.offers import offers_for
from tests.consent.oauth.support import (
    CALLBACK,
    QuietListener,
    make_party,
    offer_demo_scopes,
)
from tests.factories.consent import AuthorizationRequestFactory, CustomerFactory

BOTH = ("cds_service_contracts", "cds_usage")
MERGED = (
    {"type": "cds_service_contracts", "merge_selection_with": "cds_usage"},
    {"type": "cds_usage", "merge_selection_with": "cds_service_contracts"},
)


def service(
    number: int, *, kind: str = "electric", account: str = "1111-1", **extra: Any
) -> Selectable:
    """Return one row of a selection list."""
    return Selectable(
        id=f"sc_{number}",
        number=str(number),
        name=extra.pop("name", ""),
        address=extra.pop("address", f"{number} Main St"),
        service_type=kind,
        account=account,
        facts={
            "contract_numbers": frozenset({str(number)}),
            "account_numbers": frozenset({account}),
            "service_types": frozenset({kind}),
            "meter_numbers": frozenset({f"M{number}"}),
            **extra.pop("facts", {}),
        },
        **extra,
    )


@dataclass
class FakeCatalog:
    """A CustomerCatalog of lists; notes how often it is asked."""

    services: dict[int, Sequence[Selectable]] = field(default_factory=dict)
    environments: tuple[str, ...] = ("sandbox",)
    own_examples: Mapping[str, str] = field(default_factory=dict)
    asked: int = 0

    def can_authorize(self, user: User, *, environment: str) -> bool:
        return environment in self.environments

    def selectables(
        self, user: User, selection_type: str, *, environment: str
    ) -> Sequence[Selectable]:
        self.asked += 1
        return self.services.get(user.pk, ())

    def normalized_address(self, address: str) -> str:
        return address.strip().lower()

    def examples(self, user: User) -> Mapping[str, str]:
        return self.own_examples

    def contact_email(self, user: User) -> str:
        return user.email


class FormBrowser(Browser):
    """A browser that sends the mark that the form holds, as long as a test sends no other."""

    def post(self, path: Any, data: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Add the mark to an answer of the form."""
        row = AuthorizationRequest.objects.filter(request_id=str(path).rstrip("/").split("/")[-1])
        if isinstance(data, dict) and "mark" not in data and (asked := row.first()) is not None:
            data = {**data, "mark": form_mark(asked, int(self.session.get("_auth_user_id", 0)))}
        return super().post(path, data, **kwargs)


@dataclass
class World:
    """The cast of a test."""

    catalog: FakeCatalog
    listener: QuietListener
    client: Client
    alice: User
    carol: User
    browser: Browser

    def ask(
        self, *scopes: str, details: Sequence[Mapping[str, Any]] = (), **params: Any
    ) -> AuthorizationRequest:
        """Return an open request for these scopes."""
        offers = offers_for(self.client)
        accesses = parse_request(scopes or BOTH, list(details), offers)
        row = AuthorizationRequestFactory.create(
            client=self.client,
            params={
                "redirect_uri": CALLBACK,
                "redirect_uri_given": True,
                "state": "state-1",
                "prompt": None,
                "ui_locales": None,
                "cds_grant_id": None,
                "code_challenge": None,
                "code_challenge_method": None,
                **params,
            },
            access=[to_wire(access) for access in accesses],
            opened=timezone.now(),
        )
        return row

    def approve(self, request: AuthorizationRequest, choices: Choices) -> str:
        """Approve as alice, on the form as it is now; return where her browser goes."""
        mark = form_mark(request, self.alice.pk)
        return approval.approve_authorization_request(
            request=request, user=self.alice, choices=choices, mark=mark, by=self.alice
        )

    def own(self, *services: Selectable, user: User | None = None) -> None:
        """Give a customer (alice) these services."""
        self.catalog.services[(user or self.alice).pk] = services


def make_world(monkeypatch: Any) -> World:
    """Return a registered company, two customers with services, and alice's browser."""
    listener, fake = QuietListener(), FakeCatalog()
    monkeypatch.setattr(customer_accounts._plugins, "catalog", fake)
    monkeypatch.setattr(customer_accounts._plugins, "listener", listener)
    offer_demo_scopes()
    app = make_party().app
    app.name = "Acme Energy Auditors"
    app.save()
    alice = CustomerFactory.create(email="alice@example.com")
    carol = CustomerFactory.create(email="carol@example.com")
    browser = FormBrowser()
    browser.force_login(alice)
    world = World(fake, listener, app, alice, carol, browser)
    world.own(service(222222), service(333333, kind="natural_gas"))
    world.own(service(444444), user=carol)
    return world


def form_url(request: AuthorizationRequest) -> str:
    """Return the address of the form."""
    return reverse("consent:authorization-form", args=[request.request_id])


PASSWORD = "right horse battery"


def sign_in(browser: Browser, user: User, target: str, *, typed: str = PASSWORD) -> None:
    """Fill in the form of the sign-in page that leads on to `target`."""
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
        user.save()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    form = {"login": user.email, "password": typed, "next": target}
    browser.post("/accounts/login/", form)


def answer(
    *ids: str, action: str = "authorize", section: int = 0, later: bool = False, **extra: Any
) -> dict[str, Any]:
    """Return the fields that a browser sends for one section."""
    prefix = f"request-{section + 1}"
    fields: dict[str, Any] = {
        "action": action,
        "shown": [str(section)],
        f"{prefix}-services": list(ids),
        **extra,
    }
    if later:
        fields[f"{prefix}-later"] = "yes"
    return fields
