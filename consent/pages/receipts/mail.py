"""Words of the mails about consents."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import translation

from consent.models import Receipt
from consent.pages.receipts.presenter import ReceiptContext, receipt_page, without_details
from portal.branding import current_utility
from portal.values.times import utility_zone
from portal.values.wording import moment_words


def receipt_mail(receipt: Receipt, *, base_url: str) -> dict[str, Any]:
    """Return the context of the receipt mail, in the language of the receipt.

    The receipt goes to the customer's own address, yet mail is not private: services are counted,
    not named. Purposes appear only when the utility approved them (CDS-WG3-01 9.4).
    """
    with translation.override(receipt.language):
        zone = utility_zone()
        page = without_details(
            receipt_page(
                ReceiptContext(
                    receipt=receipt, utility=current_utility(), zone=zone, is_owner=False
                )
            )
        )
        purposes = [
            entry["purpose"]["content"]
            for entry in receipt.snapshot["sections"]
            if entry["purpose"] and entry["purpose"]["by_utility"]
        ]
        return {
            "page": page,
            "purposes": purposes,
            "when": moment_words(receipt.created, zone),
            "receipt_url": base_url + reverse("consent:receipt", args=[receipt.url_token]),
        }


def stopped_mail(receipt: Receipt, *, at: datetime, base_url: str) -> dict[str, Any]:
    """Return the context of the mail that confirms an end."""
    with translation.override(receipt.language):
        zone = utility_zone()
        return {
            "company": receipt.snapshot["client"]["name"],
            "number": receipt.confirmation_number,
            "when": moment_words(at, zone),
            "receipt_url": base_url + reverse("consent:receipt", args=[receipt.url_token]),
        }
