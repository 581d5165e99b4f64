"""The answer when something fails outside of a view, or in the view of a page."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.http.context import current
from portal.http.database_away import RETRY_AFTER, is_away
from portal.http.middleware import failure_as_json, is_machine_path
from portal.http.permissions import public


@public
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 while the database is down: a static page, as anything may be broken.

    Django calls this while it handles the error, which is not passed in.
    """
    error = sys.exc_info()[1]
    if is_machine_path(request.path):
        return failure_as_json(error)
    context = {"reference": current.get().request_id}
    if not is_away(error):
        return render(request, "500.html", context, status=500)
    response = render(request, "500.html", context, status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
