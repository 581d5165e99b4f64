"""The form renderer wires labels, hints and errors, so that no template can forget it."""

import pytest
from django import forms
from django.template.loader import render_to_string

from portal.forms import ProjectFormRenderer, css_class_of


class SampleForm(forms.Form):
    """One field of each kind."""

    default_renderer = ProjectFormRenderer

    name = forms.CharField(help_text="As on your bill", widget=forms.TextInput({"class": "token"}))
    note = forms.CharField(required=False, widget=forms.Textarea({"placeholder": "Say something"}))
    agree = forms.BooleanField(label="I agree")
    kind = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")], widget=forms.RadioSelect)
    secret = forms.CharField(required=False, widget=forms.HiddenInput)


def test_field_names_its_hint_and_error() -> None:
    """A screen reader hears the hint and what is wrong together with the label."""
    html = str(SampleForm({})["name"].as_field_group())
    assert '<label for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext">As on your bill' in html
    assert 'id="id_name_error"' in html


def test_field_without_problems_is_not_marked() -> None:
    """An unbound form shows no error."""
    html = str(SampleForm()["name"].as_field_group())
    assert "aria-invalid" not in html
    assert "field-invalid" not in html


def test_own_class_of_a_widget_is_kept() -> None:
    """The look is added, not imposed."""
    assert 'class="form-control token"' in str(SampleForm()["name"])


def test_placeholders_are_left_out() -> None:
    """They vanish while typing and look like an answer."""
    assert "placeholder" not in str(SampleForm()["note"])


def test_optional_fields_say_so() -> None:
    """Most fields are needed, so the exception is marked."""
    assert "(optional)" in str(SampleForm()["note"].as_field_group())
    assert "(optional)" not in str(SampleForm()["name"].as_field_group())


def test_choices_are_a_group_with_a_question() -> None:
    """Radio buttons share one legend; each has its own label."""
    html = str(SampleForm()["kind"].as_field_group())
    assert "<legend" in html
    assert html.count("<label") == 2
    assert html.count("form-check-input") == 2


def test_whole_form_renders_every_field_once() -> None:
    """Pages of other packages print the form as a whole."""
    html = str(SampleForm())
    for name in ("name", "note", "agree", "secret"):
        assert html.count(f'name="{name}"') == 1
    assert '<label for="id_secret"' not in html


@pytest.mark.parametrize(
    ("widget", "expected"),
    [
        (forms.TextInput(), "form-control"),
        (forms.Select(), "form-select"),
        (forms.CheckboxInput(), "form-check-input"),
        (forms.CheckboxSelectMultiple(), "form-check-input"),
        (forms.Textarea(), "form-control"),
        (forms.HiddenInput(), ""),
    ],
)
def test_each_kind_of_widget_has_its_class(widget: forms.Widget, expected: str) -> None:
    """Style sheets reach inputs by these classes alone."""
    assert css_class_of(widget) == expected


def test_the_summary_names_the_field_that_is_missing() -> None:
    """Three times "This field is required" helps nobody; other sentences speak for themselves."""

    class Form(forms.Form):
        account = forms.CharField(label="Account number")
        code = forms.RegexField(r"^\d{6}$", error_messages={"invalid": "Enter six digits."})

    html = render_to_string("components/error_summary.html", {"form": Form({"code": "x"})})
    assert ">Account number: This field is required.</a>" in html
    assert ">Enter six digits.</a>" in html
