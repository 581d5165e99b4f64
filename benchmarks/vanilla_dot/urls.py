"""The library's own views, and one that does next to nothing: what this server can do at all."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from oauth2_provider.models import Application


def one_query(request: HttpRequest) -> JsonResponse:
    """Look one row up by a unique text and name it."""
    return JsonResponse({"client_id": Application.objects.get(client_id="bench").client_id})


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("one-query/", one_query),
]
