"""Approves a pending request or submission."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Message
from registration.services.reviews.decide import approve_request
from registration.services.reviews.seen_version import NotAsSeen


class Command(BaseCommand):
    """`manage.py approve_request MESSAGE_ID --by EMAIL [--seen VERSION] [--note TEXT]`."""

    help = (
        "Approve a request or submission: create the production Client or the Grants, apply the "
        "field changes, or accept the submission. The third party is notified."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Message and what the decision needs."""
        parser.add_argument("message_id")
        parser.add_argument(
            "--seen",
            default="",
            metavar="VERSION",
            help="the version that show_request printed, if it printed one",
        )
        parser.add_argument("--note", default="", help="text for the third party")
        parser.add_argument(
            "--option",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="for grant requests, customer=ADDRESS: the customer who agreed",
        )
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Approve, and print the result."""
        by = actor(options)
        message = Message.objects.filter(message_id=options["message_id"]).first()
        if message is None:
            raise CommandError("There is no such Message; see manage.py list_requests.")
        chosen = dict(text.partition("=")[::2] for text in options["option"])
        try:
            update = approve_request(
                message=message,
                seen=options["seen"],
                note=options["note"],
                options=chosen,
                by=by,
            )
        except NotAsSeen as error:
            raise CommandError(
                "This request has changed since you reviewed it, or you gave no version. Review "
                f"it with manage.py show_request {message.message_id}, then approve it with "
                "--seen VERSION."
            ) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{message.message_id} is {update.status}. {update.description}")
        if update.related_uri:
            self.stdout.write(update.related_uri)
