"""When rows of customer data are deleted."""

from datetime import timedelta

from customerdata.kinds.registry import VERSIONED
from portal.retention import AgeLimit, EmptiedBy, Kept, LivesWith, register_retention

_SOURCE = "the utility's data, with its history"


def register() -> None:
    """Register the rules; called once, when the app is ready."""
    register_retention(
        Kept("customerdata.Customer", _SOURCE),
        *(Kept(kind.identity._meta.label, _SOURCE) for kind in VERSIONED),
        *(LivesWith(kind.version._meta.label, kind.owner) for kind in VERSIONED),
        Kept("customerdata.BillFile", _SOURCE),
        LivesWith("customerdata.GrantedObject", "grant"),
        LivesWith("customerdata.AccountHolder", "account"),
        AgeLimit(
            "customerdata.AccountLink",
            rows="attempts to link an account",
            age=timedelta(days=30),
            since="expires",
        ),
        LivesWith("customerdata.UsageSeries", "customer"),
        LivesWith("customerdata.UsagePack", "series"),
        LivesWith("customerdata.CompletenessRange", "series"),
        EmptiedBy(
            "customerdata.UsageRender",
            schedule="usage-renders",
            rows="rendered usage above a size limit, least recently used first",
        ),
    )
