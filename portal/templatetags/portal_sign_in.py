"""Sign-in options for pages."""

from django import template

from portal.sign_in.openid.config import NamedProvider, named_providers

register = template.Library()


@register.simple_tag
def sign_in_providers() -> list[NamedProvider]:
    """Return the identity providers in the operator's order."""
    return named_providers()
