"""Where payment providers send reports, and where some of them send the payer back.

The payment library's own views, with this server's limits; it resolves their names without a
namespace.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_exempt
from payments import PaymentError
from payments.urls import process_data, static_callback

from portal.http import ratelimits
from portal.http.context import current
from portal.http.permissions import public
from registration.models.payment import StatusRefused

View = Callable[..., HttpResponse]


def provider_endpoint(view: View) -> View:
    """Open to everyone: the library authenticates providers. A rejected report has no effect."""

    @public
    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            ratelimits.count("public", f"payments:{current.get().network}")
            response = view(request, **kwargs)
        except ratelimits.TooManyRequests as error:
            response = JsonResponse(error.as_dict(), status=error.status)
        except StatusRefused as error:
            # Sending the report again would not help.
            response = JsonResponse({"status": "ignored", "reason": str(error)})
        except NotImplementedError as error:
            # This provider only sends reports to the URLs of payments.
            raise Http404 from error
        except PaymentError as error:
            response = JsonResponse({"error": str(error)}, status=400)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


urlpatterns: list[URLPattern | URLResolver] = [
    path("process/<uuid:token>/", provider_endpoint(process_data), name="process_payment"),
    path(
        "process/<slug:variant>/", provider_endpoint(static_callback), name="static_process_payment"
    ),
]
