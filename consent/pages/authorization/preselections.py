"""What the page says when nothing fits a company's preselections (CDS-WG3-01 9.3.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from consent.services.sections.may_choose import Section
from consent.wording import AskedLine, asked_line
from registration.catalogue.offers import ScopeOffer, offered_fields


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """A sentence and the resources it speaks of."""

    lead: str
    lines: tuple[AskedLine, ...]


@dataclass(frozen=True, slots=True)
class NothingPreselected:
    """The heading, and every resource that was asked for: missing, or found but of no use."""

    heading: str
    groups: tuple[AskedGroup, ...]


def nothing_preselected(
    sections: Sequence[Section], offers: Mapping[str, ScopeOffer], *, company: str
) -> NothingPreselected:
    """Say what is asked for; only what matches nothing at all is called missing."""
    words = {"company": company}
    lacking = [section for section in sections if section.lacks_preselection]
    names = _choice_names(lacking, offers)
    groups = [
        AskedGroup(
            _("%(company)s asked for the following, which we do not find under your account:")
            % words,
            _lines(((a.field_id, a.missing) for section in lacking for a in section.asked), names),
        )
    ]
    for section in lacking:
        lines = _lines(((a.field_id, a.found) for a in section.asked), names)
        groups.append(AskedGroup(_found_lead(section) % words, lines))
    shown = tuple(group for group in groups if group.lines)
    if groups[0].lines or not shown:
        heading = _("Your account does not have what %(company)s asks for") % words
    else:
        heading = _("Nothing under your account fits all that %(company)s asks for") % words
    return NothingPreselected(heading, shown)


def _found_lead(section: Section) -> str:
    if section.matched:
        return _("Your account has what %(company)s asks for, but it cannot be shared now:")
    if all(each.rows for each in section.asked):
        return _(
            "%(company)s asked for what fits all of the following. Your account has each of them, "
            "but nothing that fits them together:"
        )
    return _("%(company)s also asked for the following, which your account has:")


def _lines(
    asked: Iterable[tuple[str, tuple[str, ...]]], names: Mapping[str, Mapping[str, str]]
) -> tuple[AskedLine, ...]:
    lines = (asked_line(field_id, values, names.get(field_id)) for field_id, values in asked)
    return tuple(dict.fromkeys(line for line in lines if line is not None))


def _choice_names(
    sections: Sequence[Section], offers: Mapping[str, ScopeOffer]
) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    for section in sections:
        for access in section.accesses:
            for field in offered_fields(offers[access.scope_id]).values():
                found = {choice.id: choice.name for choice in field.choices}
                names.setdefault(field.id, {}).update(found)
    return names
