"""Settings of django-allauth that are the same in every deployment; used by `portal.settings`."""

AUTHENTICATION_BACKENDS = ["portal.sign_in.lookup.Backend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.sign_in.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {
    "signup": "portal.sign_in.forms.SignUpForm",
    "reset_password": "portal.sign_in.forms.ResetForm",
    "change_password": "portal.sign_in.forms.NewPasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Each added address gets an email, and may belong to another person.
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
# The library's own generator reads and creates address rows for the person in a link.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 -- a class
# People must confirm their identity before they change how an account is opened.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 1800
# Wrong passwords and codes are counted by `portal.sign_in.guesses`.
ACCOUNT_RATE_LIMITS = {"login_failed": None}
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "portal.sign_in.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "portal.sign_in.forms.CodeForm",
    "reauthenticate": "portal.sign_in.forms.CodeAgainForm",
}
SOCIALACCOUNT_ADAPTER = "portal.sign_in.openid.adapter.SocialAccountAdapter"
SOCIALACCOUNT_FORMS = {"disconnect": "portal.sign_in.openid.forms.DisconnectForm"}
SOCIALACCOUNT_STORE_TOKENS = False
# Keeps a provider matched by address connected when the address changes.
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
