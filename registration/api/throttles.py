"""Rate limits of registration's endpoints (CDS-WG1-01 8.2, CDS-WG1-02 11.3)."""

from typing import ClassVar

from portal.http.ratelimits import AddressThrottle, CallerThrottle


class PublicThrottle(AddressThrottle):
    """Discovery documents."""

    rate: ClassVar[str] = "public"


class RegisterThrottle(AddressThrottle):
    """New registrations."""

    rate: ClassVar[str] = "register"


class ClientThrottle(CallerThrottle):
    """Admin APIs."""
