"""`POST /oauth/register` (RFC 7591, CDS-WG1-02 4)."""

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registration.api.base import client_payload
from registration.api.throttles import RegisterThrottle
from registration.services.catalogue.offers import current_offers
from registration.services.clients.wire import client_to_wire
from registration.services.registering.register import max_body_bytes, register


class Register(APIView):
    """Open to everyone: until it is reviewed, a registration can only use the sandbox."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (RegisterThrottle,)
    max_body_bytes: Callable[[], int] = staticmethod(max_body_bytes)

    def post(self, request: Request) -> Response:
        """Return the admin Client with its secret; no other Client response includes one."""
        made = register(payload=client_payload(request), by="anonymous")
        body = client_to_wire(made.admin_client, current_offers()) | {"client_secret": made.secret}
        return Response(body, 201, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
