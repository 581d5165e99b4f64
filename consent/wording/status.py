"""States of a consent in plain words, with the sign that stands beside them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registration.catalogue.types import Text

_PLAIN: dict[str, tuple[Text, str]] = {
    "active": (gettext_lazy("Sharing"), "ok"),
    "partial": (gettext_lazy("Sharing part of what you approved"), "ok"),
    "needs_authorization": (gettext_lazy("Waiting for you"), "wait"),
    "needs_sub_grants": (gettext_lazy("Waiting for others"), "wait"),
    "suspended": (gettext_lazy("Paused"), "wait"),
    "delayed": (gettext_lazy("Sharing, new data is late"), "wait"),
    "stopped": (gettext_lazy("No new data; earlier data still visible"), "ended"),
    "revoked": (gettext_lazy("You stopped this"), "ended"),
    "errored": (gettext_lazy("A problem on our side; we are on it"), "bad"),
}


@dataclass(frozen=True, slots=True)
class StatusWords:
    """A word and the kind of sign beside it: ok, wait, bad or ended."""

    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What the words of a state depend on. Dates are the utility's local days or moments."""

    status: str
    company: str
    utility: str
    starts: str = ""
    ends: str = ""
    stopped: str = ""
    eta: str = ""


def status_words(facts: StatusFacts) -> StatusWords:
    """Word a state for the customer (ux: one word or short phrase, never colour alone)."""
    if facts.status == "future":
        return StatusWords(_("Starts on %(date)s") % {"date": facts.starts}, "wait")
    if facts.status == "pending":
        if facts.eta:
            return StatusWords(
                _("Being set up, ready about %(time)s") % {"time": facts.eta}, "wait"
            )
        return StatusWords(_("Being set up"), "wait")
    if facts.status == "stopped" and facts.stopped:
        words = _("No new data since %(date)s; earlier data still visible")
        return StatusWords(words % {"date": facts.stopped}, "ended")
    if facts.status == "closed":
        return StatusWords(_("Stopped by %(company)s") % {"company": facts.company}, "ended")
    if facts.status == "disabled":
        return StatusWords(_("Stopped by %(utility)s") % {"utility": facts.utility}, "ended")
    if facts.status == "expired":
        if facts.ends:
            return StatusWords(_("Ended on %(date)s") % {"date": facts.ends}, "ended")
        return StatusWords(_("Ended"), "ended")
    label, kind = _PLAIN.get(facts.status, (facts.status, "wait"))
    return StatusWords(str(label), kind)
