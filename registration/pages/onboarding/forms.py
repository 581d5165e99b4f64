"""Forms of the onboarding pages."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from registration.fields.types import MEGABYTE


class CodeForm(forms.Form):
    """Asks for the code from the email."""

    code = forms.RegexField(
        r"^[\s-]*([0-9A-Za-z][\s-]*){8}$",
        max_length=40,
        label=_("Code"),
        help_text=_("Eight letters and digits from the message that we sent."),
        error_messages={"invalid": _("Enter the eight letters and digits of the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


class TermsForm(forms.Form):
    """Asks who accepts the terms."""

    name = forms.CharField(
        label=_("Your full name"),
        max_length=200,
        help_text=_("Typing your name counts as your signature."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    title = forms.CharField(
        label=_("Your role in the company"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    agree = forms.BooleanField(
        label=_("I am authorized to sign for the company, and I accept these terms on its behalf."),
        error_messages={"required": _("Tick this box to accept the terms.")},
    )


class PdfForm(forms.Form):
    """Asks for the completed PDF file."""

    file = forms.FileField(
        label=_("Completed form"),
        help_text=_("A PDF file."),
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
    )

    def __init__(self, *args: Any, max_size: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_size = max_size

    def clean_file(self) -> "UploadedFile[Any]":
        """Reject a file that is too large before anything reads it."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > self._max_size:
            megabytes = self._max_size // MEGABYTE
            raise forms.ValidationError(
                _("The file must be at most %(count)s MB.") % {"count": megabytes}
            )
        return file
