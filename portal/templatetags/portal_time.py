"""Moments as people read them: absolute with the zone's name, and relative beside it."""

from datetime import datetime

from babel.dates import format_datetime
from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone, translation

register = template.Library()


@register.filter
def moment(value: datetime) -> str:
    """Word an aware datetime in the page's language and zone: "1 Jan 2026, 11:00 am EST"."""
    local = timezone.localtime(value)
    locale = translation.to_locale(translation.get_language() or "en")
    pattern = "d MMM y, h:mm a z" if locale.startswith("en") else "d MMM y, H:mm z"
    worded = format_datetime(local, pattern, locale=locale)
    return worded.replace(" AM ", " am ").replace(" PM ", " pm ")


@register.filter
def relative(value: datetime) -> str:
    """Word the distance to now: "3 months ago", "2 hours from now" (units by Django's humanize)."""
    return str(naturaltime(value))
