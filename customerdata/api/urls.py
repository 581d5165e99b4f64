"""URLs of the customer data APIs; clients find them in the metadata (CDS-WG3-01 5)."""

from django.urls import URLPattern, path
from rest_framework.views import APIView

from customerdata.api.base import BEARER, file_view, list_view
from customerdata.api.usage_segments import UsageSegmentsView
from customerdata.kinds.base import Kind
from customerdata.kinds.registry import VERSIONED
from customerdata.kinds.usage_segment import USAGE_SEGMENT


def _pattern(route: str, name: str, view_class: type[APIView]) -> URLPattern:
    view = view_class.as_view()
    view.declared_permission = BEARER  # type: ignore[attr-defined]
    pattern: URLPattern = path(route, view, name=name)
    return pattern


def _listing(kind: Kind, view_class: type[APIView]) -> URLPattern:
    return _pattern(kind.path, kind.path, view_class)


urlpatterns = [
    *(_listing(kind, list_view(kind)) for kind in VERSIONED),
    _listing(USAGE_SEGMENT, UsageSegmentsView),
    *(
        _pattern(f"{kind.path}/<str:public_id>/file", f"{kind.path}-file", file_view(kind))
        for kind in VERSIONED
        if kind.file is not None
    ),
]
