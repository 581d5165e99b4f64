"""What ends the rows of customer data."""

from datetime import timedelta

from portal.retention import AgeLimit, EmptiedBy, Kept, LivesWith, register_retention

_SOURCE = "the utility's data, with its history"
_STRUCTURE = ("Account", "ServiceContract", "MeterDevice", "ServicePoint")


def register() -> None:
    """Plug in: called once, when the app is ready."""
    register_retention(
        Kept("customerdata.Customer", _SOURCE),
        *(Kept(f"customerdata.{name}", _SOURCE) for name in _STRUCTURE),
        LivesWith("customerdata.AccountVersion", "account"),
        LivesWith("customerdata.ServiceContractVersion", "contract"),
        LivesWith("customerdata.MeterDeviceVersion", "meter"),
        LivesWith("customerdata.ServicePointVersion", "service_point"),
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
            rows="rendered usage, the least used first beyond a size",
        ),
    )
