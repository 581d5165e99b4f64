"""How every form of the portal becomes HTML: one renderer, accessible to screen readers."""

from typing import Any

from django.forms import BoundField, Widget
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import (
    CheckboxInput,
    CheckboxSelectMultiple,
    FileInput,
    Input,
    RadioSelect,
    Select,
    Textarea,
)

CLASSES: tuple[tuple[type[Widget], str], ...] = (
    # The first match counts: a CheckboxInput is an Input too.
    (CheckboxInput, "form-check-input"),
    (RadioSelect, "form-check-input"),
    (CheckboxSelectMultiple, "form-check-input"),
    (Select, "form-select"),
    (FileInput, "form-control"),
    (Input, "form-control"),
    (Textarea, "form-control"),
)


def css_class_of(widget: Widget) -> str:
    """Return the CSS class of a widget's kind, or an empty string for hidden and unknown ones."""
    if widget.is_hidden:
        return ""
    return next((name for kind, name in CLASSES if isinstance(widget, kind)), "")


class ProjectBoundField(BoundField):
    """Adds the class that theme.css styles to each input, besides its widget's own classes."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: Widget | None = None
    ) -> dict[str, Any]:
        """Return the attributes of the input with its CSS class added."""
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        names = [css_class_of(widget), widget.attrs.get("class", ""), built.get("class", "")]
        if merged := " ".join(dict.fromkeys(name for name in names if name)):
            built["class"] = merged
        # Django leaves out attributes that are False. A placeholder is easily mistaken for an
        # answer and vanishes while typing; labels and hints say what to enter.
        built["placeholder"] = False
        return built


class ProjectFormRenderer(TemplatesSetting):
    """Renders forms with templates/components; needs the app django.forms."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
    bound_field_class = ProjectBoundField
