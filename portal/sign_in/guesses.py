"""Limits on guessing passwords and codes that do not let others lock a person out.

A try is counted before the password is checked, and given back if it was right. It counts for the
network it comes from, for the network and person together, and, only if those let it through, for
the person, with a larger limit per day. A browser that is known for the person
(`portal.sign_in.browsers`) first has its own tries. All this is the same if nobody has the address.
"""

from dataclasses import dataclass, field

from django.http import HttpRequest

from portal.http import ratelimits
from portal.http.context import current
from portal.http.ratelimits import Claim, TooManyRequests
from portal.models import User
from portal.sign_in import browsers, notices


@dataclass(frozen=True, slots=True)
class Limits:
    """How many wrong tries are allowed: from a known browser, and from others.

    `steps` are for a network and for network and person together, the short ones first: a try that
    one step refuses is not counted in the next.
    """

    kind: str
    browser: str
    steps: tuple[tuple[str, str], ...]
    person: str


PASSWORDS = Limits(
    "password", "10/hour", steps=(("10/min", "5/min"), ("200/hour", "20/day")), person="100/day"
)
# Anyone who gets here already has the password or an open session.
CODES = Limits(
    "code", "10/hour", steps=(("10/min", "5/min"), ("200/hour", "10/day")), person="30/day"
)


@dataclass(slots=True)
class Try:
    """One try at a password or a code; `person` is None if nobody has the address."""

    request: HttpRequest
    limits: Limits
    person: User | None
    address: str = ""
    _taken: list[Claim] = field(default_factory=list)

    def begin(self) -> None:
        """Count the try. Raises TooManyRequests; the person is warned at the limit per day."""
        if self._passes_as_known():
            return
        network = current.get().network
        for of_network, of_pair in self.limits.steps:
            self._count(
                Claim(of_network, f"{self.limits.kind}|{network}"),
                Claim(of_pair, f"{network}|{self._who}"),
            )
        try:
            self._count(Claim(self.limits.person, self._who))
        except TooManyRequests:
            notices.note_many_guesses(person=self.person, who=self._who, kind=self.limits.kind)
            raise

    def failed(self) -> None:
        """Record that it was wrong; it stays counted."""
        notices.note_failed(person=self.person, kind=self.limits.kind, by=self._by)

    def succeeded(self) -> None:
        """Give the try back: a right one does not count."""
        ratelimits.take(*(Claim(claim.rate, claim.who, -1) for claim in self._taken))

    @property
    def _who(self) -> str:
        name = f"user:{self.person.pk}" if self.person else f"address:{self.address.lower()}"
        return f"{self.limits.kind}|{name}"

    @property
    def _by(self) -> User | str:
        user = self.request.user
        return user if isinstance(user, User) else "anonymous"

    def _passes_as_known(self) -> bool:
        mark = browsers.mark_of(self.request, self.person)
        if not mark:
            return False
        try:
            self._count(Claim(self.limits.browser, f"{self._who}|{mark}"))
        except TooManyRequests:
            return False
        return True

    def _count(self, *claims: Claim) -> None:
        try:
            ratelimits.take(*claims)
        except TooManyRequests as error:
            if error.is_first:
                notices.note_locked(person=self.person, kind=self.limits.kind, by=self._by)
            raise
        self._taken += claims
