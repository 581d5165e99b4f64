"""URLs of onboarding."""

from django.urls import URLPattern, URLResolver, path

import registration.services.onboarding.tasks
import registration.services.payments.tasks  # noqa: F401 -- the outbox may run here too
from registration.pages.onboarding import views

app_name = "onboarding"
urlpatterns: list[URLPattern | URLResolver] = [
    path("onboarding/", views.requirements, name="requirements"),
    path("onboarding/forms/<slug:field_id>.pdf", views.blank_pdf, name="blank-pdf"),
    path("onboarding/logos/<slug:token>.png", views.logo, name="logo"),
    path("onboarding/payments/<uuid:token>/", views.payment, name="payment"),
    path("onboarding/<str:token>/", views.step, name="step"),
    path("onboarding/<str:token>/form.pdf", views.form_pdf, name="form-pdf"),
]
