"""URLs of the customer data APIs; clients find them in the metadata (CDS-WG3-01 5)."""

from django.urls import URLPattern, path
from rest_framework.views import APIView

from customerdata.api.base import BEARER, list_view
from customerdata.api.usage_segments import UsageSegmentsView
from customerdata.kinds.base import Kind
from customerdata.kinds.registry import VERSIONED
from customerdata.kinds.usage_segment import USAGE_SEGMENT


def _listing(kind: Kind, view_class: type[APIView]) -> URLPattern:
    view = view_class.as_view()
    view.declared_permission = BEARER  # type: ignore[attr-defined]
    pattern: URLPattern = path(kind.path, view, name=kind.path)
    return pattern


urlpatterns = [
    *(_listing(kind, list_view(kind)) for kind in VERSIONED),
    _listing(USAGE_SEGMENT, UsageSegmentsView),
]
