"""Times for people: absolute with the zone's name, and relative."""

from datetime import datetime

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone

from portal.values.wording import moment_words

register = template.Library()


@register.filter
def moment(value: datetime) -> str:
    """Format an aware datetime in the page's language and zone: "1 Jan 2026, 11:00 am EST"."""
    return moment_words(value, timezone.get_current_timezone())


@register.filter
def relative(value: datetime) -> str:
    """Format the distance to now: "3 months ago", "2 hours from now" (units from humanize)."""
    return str(naturaltime(value))
