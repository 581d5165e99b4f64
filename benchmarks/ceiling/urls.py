"""The listing's path, where a living token gets the page from memory."""

from django.http import StreamingHttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.views import APIView

from benchmarks.ceiling.page import PIECES
from benchmarks.usage import LISTING


class PageView(APIView):
    """Checks token and rate limits as the product does, reads nothing else."""

    def get(self, request: Request) -> StreamingHttpResponse:
        """Answer with the page."""
        return StreamingHttpResponse(iter(PIECES), content_type="application/json")


urlpatterns = [path(LISTING.removeprefix("/"), PageView.as_view())]
