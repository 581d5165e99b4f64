"""URLs of the customer data APIs; clients find them in the metadata (CDS-WG3-01 5)."""

from typing import Any

from django.urls import URLPattern, path

from customerdata.api.accounts import AccountsView
from customerdata.api.base import BEARER
from customerdata.api.meter_devices import MeterDevicesView
from customerdata.api.service_contracts import ServiceContractsView
from customerdata.api.service_points import ServicePointsView
from customerdata.api.usage_segments import UsageSegmentsView


def _listing(name: str, view_class: Any) -> URLPattern:
    view = view_class.as_view()
    view.declared_permission = BEARER
    pattern: URLPattern = path(name, view, name=name)
    return pattern


urlpatterns = [
    _listing("accounts", AccountsView),
    _listing("service-contracts", ServiceContractsView),
    _listing("service-points", ServicePointsView),
    _listing("meter-devices", MeterDevicesView),
    _listing("usage-segments", UsageSegmentsView),
]
