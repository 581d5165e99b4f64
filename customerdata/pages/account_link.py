"""Pages on which a person links their accounts with the utility after signing up."""

from dataclasses import dataclass
from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from consent.wording.dates import list_words
from customerdata.models import AccountHolder, AccountLink, AccountVersion
from customerdata.services.links import link as linking
from customerdata.services.links.follow import following
from portal.http import ratelimits
from portal.http.permissions import Permission, require
from portal.models import User


class AccountNumberForm(forms.Form):
    """Asks for the account number."""

    account_number = forms.CharField(
        label=_("Account number"),
        max_length=100,
        help_text=_("You can find it at the top of your bill."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CodeForm(forms.Form):
    """Asks for the code from the email."""

    code = forms.RegexField(
        r"^\s*\d{6}\s*$",
        label=_("Code"),
        help_text=_("The six digits in the email that we sent."),
        error_messages={"invalid": _("Enter the six digits of the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A row of the list of linked accounts."""

    number: str
    name: str


def linked_accounts(user: User) -> list[LinkedAccount]:
    """Return the accounts that a person holds, sorted by number."""
    held = AccountHolder.objects.current().filter(user=user).values("account")
    versions = AccountVersion.objects.current().filter(account__in=held)
    return [LinkedAccount(v.account_number, v.name) for v in versions.order_by("account_number")]


@require(Permission.SIGNED_IN)
@require_http_methods(["GET", "POST"])
def account_link(request: HttpRequest) -> HttpResponse:
    """Ask for an account number; the next page looks the same whether it exists or not."""
    user = cast(User, request.user)
    form = AccountNumberForm(request.POST or None)
    if form.is_valid():
        number = linking.plain_number(form.cleaned_data["account_number"])
        ratelimits.count("link", f"user:{user.pk}")
        # Also limited across people: sign-ups are cheap, but guesses and mails must not be.
        ratelimits.count("link", f"account:{number}")
        link = linking.start_link(
            user=user,
            account_number=number,
            language=get_language() or "en",
            by=user,
        )
        return _see_other("customerdata:account-link-code", link.link_id)
    context = {
        "form": form,
        "accounts": linked_accounts(user),
        "companies": list_words(following(user, now=timezone.now())),
    }
    return render(request, "customerdata/account_link.html", context)


@require(Permission.SIGNED_IN)
@require_http_methods(["GET", "POST"])
def account_link_code(request: HttpRequest, link_id: str) -> HttpResponse:
    """Ask for the code and link the account."""
    user = cast(User, request.user)
    link = get_object_or_404(AccountLink, link_id=link_id, user=user)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            linking.confirm_link(link_id=link.link_id, code=code, user=user, by=user)
        except linking.CodeRefused as error:
            form.add_error("code", error.message)
        else:
            messages.success(request, _("The account is linked."))
            return _see_other("customerdata:account-link")
    return render(request, "customerdata/account_link_code.html", {"form": form})


def _see_other(name: str, *args: str) -> HttpResponseRedirect:
    response = redirect(name, *args)
    response.status_code = 303
    return response
