"""The sentence that says what happens if the customer agrees now.

focus.js rewrites it while the customer chooses, so it exists for each plural category, with
{count} to fill in and **bold** parts; without a script the server fills it in.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consent.wording.dates import day_words, number_words
from consent.wording.durations import End, EndKind


@dataclass(frozen=True, slots=True)
class SummarySentences:
    """The templates of components/live_summary.html, and the sentence of this moment."""

    text: str
    none: str
    one: str
    other: str
    later: str
    one_later: str
    other_later: str


def summary_sentences(*, company: str, end: End, count: int, later: bool) -> SummarySentences:
    """Return the closing sentences for a company and an end. `count` services are chosen now."""
    # The name comes from the company: it must not carry the marks that the script replaces.
    name = company.replace("*", "").replace("{", "(").replace("}", ")")
    words = {"company": name, "end": day_words(end.day) if end.day else ""}
    sentences = {
        "none": _("Nothing is selected yet."),
        "one": _services(end.kind, 1) % words,
        "other": _services(end.kind, 2) % words,
        "later": _later(end.kind) % words,
        "one_later": _services_and_later(end.kind, 1) % words,
        "other_later": _services_and_later(end.kind, 2) % words,
    }
    return SummarySentences(text=_now(sentences, count, later=later), **sentences)


def _now(sentences: dict[str, str], count: int, *, later: bool) -> str:
    if not count:
        return sentences["later" if later else "none"].replace("**", "")
    key = ("one" if count == 1 else "other") + ("_later" if later else "")
    return sentences[key].replace("{count}", number_words(count)).replace("**", "")


def _services(kind: EndKind, n: int) -> str:
    if kind is EndKind.OPEN:
        return ngettext(
            "You will share **{count} service** with **%(company)s** until you stop sharing.",
            "You will share **{count} services** with **%(company)s** until you stop sharing.",
            n,
        )
    if kind is EndKind.UNTIL:
        return ngettext(
            "You will share **{count} service** with **%(company)s** until **%(end)s**.",
            "You will share **{count} services** with **%(company)s** until **%(end)s**.",
            n,
        )
    return ngettext(
        "You will share past data of **{count} service** with **%(company)s**. Nothing new.",
        "You will share past data of **{count} services** with **%(company)s**. Nothing new.",
        n,
    )


def _later(kind: EndKind) -> str:
    if kind is EndKind.UNTIL:
        return _(
            "You will share the services you add later with **%(company)s** until **%(end)s**."
        )
    return _("You will share the services you add later with **%(company)s**.")


def _services_and_later(kind: EndKind, n: int) -> str:
    if kind is EndKind.UNTIL:
        return ngettext(
            "You will share **{count} service**, and those you add later, "
            "with **%(company)s** until **%(end)s**.",
            "You will share **{count} services**, and those you add later, "
            "with **%(company)s** until **%(end)s**.",
            n,
        )
    return ngettext(
        "You will share **{count} service**, and those you add later, with **%(company)s**.",
        "You will share **{count} services**, and those you add later, with **%(company)s**.",
        n,
    )
