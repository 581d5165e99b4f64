"""Sign-in with OpenID Connect providers, on top of django-allauth."""
