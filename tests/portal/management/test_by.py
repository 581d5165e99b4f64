"""Who acts in a command of `manage.py`."""

import pytest
from django.core.management import CommandError, get_commands, load_command_class
from django.core.management.base import CommandParser

from portal.management.by import actor, add_by_argument
from portal.models import User

pytestmark = pytest.mark.django_db


APPS = {"portal", "registration", "consent", "customerdata"}
# These only print, or run unattended.
WITHOUT = {
    "check_audit",
    "demo",
    "demo_otp",
    "import_greenbutton",
    "list_requests",
    "print_env",
    "reencrypt_secrets",
    "show_request",
}


def parsed(*words, required=True):
    """What a command gets."""
    parser = CommandParser(called_from_command_line=False)
    add_by_argument(parser, required=required)
    return vars(parser.parse_args(words))


def test_a_member_of_staff_is_found_by_address():
    """However it is capitalized."""
    sam = User.objects.create_user("sam@example.com", is_staff=True)
    assert actor(parsed("--by", " Sam@Example.com")) == sam


@pytest.mark.parametrize(
    ("address", "fields", "problem"),
    [
        ("nobody@example.com", {}, "nobody signs in with nobody@example.com"),
        ("sam@example.com", {"is_staff": True, "is_active": False}, "sam@example.com is closed"),
        ("sam@example.com", {}, "sam@example.com has no staff role"),
    ],
)
def test_others_may_not_act(address, fields, problem):
    """The error says which condition fails."""
    User.objects.create_user("sam@example.com", None, **fields)
    with pytest.raises(CommandError, match=problem):
        actor(parsed("--by", address))


def test_it_cannot_be_left_out():
    """A command that can also only print asks for it when it has to write."""
    with pytest.raises(CommandError, match="required: --by"):
        parsed()
    for words in ([], ["--by", " "]):
        with pytest.raises(CommandError, match="--by EMAIL"):
            actor(parsed(*words, required=False))


@pytest.mark.parametrize(
    "name",
    sorted(name for name, app in get_commands().items() if app in APPS and name not in WITHOUT),
)
def test_every_command_of_staff_takes_it(name):
    """A new one either says who acts, or is listed as one for machines."""
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    choices = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    parsers = [sub for found in choices for sub in found.values()] or [parser]
    assert all("--by EMAIL" in each.format_help() for each in parsers)
