"""All settings of the portal; whatever differs between deployments is an env variable."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from portal.background import beat, queues
from portal.env import env_bool, env_int, env_json, env_list, env_secret, env_str
from portal.languages import languages_in
from portal.limits import *  # noqa: F403 -- settings of one subject
from portal.logs import logging_config
from portal.sign_in.openid.config import apps_of
from portal.sign_in.settings import *  # noqa: F403 -- settings of one subject

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env_bool("DEBUG", default=False, help="Django's debug pages; never in production")
DEMO = env_bool(
    "DEMO", default=False, help="Run as the demo utility: emails at /demo/mail/, http allowed"
)
SECRET_KEY = env_secret("SECRET_KEY", help="Signs sessions and one-time links")
FIELD_ENCRYPTION_KEYS = env_list(
    "FIELD_ENCRYPTION_KEYS",
    default=None,
    help="Fernet keys for secrets at rest, newest first; keep old ones until re-encrypted",
)
TOKEN_DIGEST_KEY = env_secret(
    "TOKEN_DIGEST_KEY", help="Key of the digests by which secrets are looked up"
)

# --- Public address and related servers ----------------------------------------------------------
BASE_URL = env_str(
    "BASE_URL", help="Public address without a trailing slash, for example https://data.example.com"
).rstrip("/")
_base = urlsplit(BASE_URL)
EXTRA_HOSTS = env_list(
    "EXTRA_HOSTS",
    help="Additional host names at which health checks reach this server, such as 127.0.0.1",
)
ALLOWED_HOSTS = [_base.hostname or "", *EXTRA_HOSTS]
USE_HTTPS = _base.scheme == "https"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CDS_MIGRATED_TO = env_str(
    "CDS_MIGRATED_TO",
    default="",
    help="Metadata URL of the server that replaces this one; the well-known path redirects there",
)
CDS_RELATED_METADATA = env_list(
    "CDS_RELATED_METADATA",
    default="",
    help="Metadata URLs of divisions or companies that belong to this utility, comma-separated",
)

# --- The utility ---------------------------------------------------------------------------------
UTILITY_NAME = env_str("UTILITY_NAME", default="Demo Gas & Electric", help="Name for customers")
UTILITY_ABBREVIATION = env_str("UTILITY_ABBREVIATION", default="DG&E", help="Short name")
UTILITY_DESCRIPTION = env_str(
    "UTILITY_DESCRIPTION",
    default="A demonstration utility that serves electricity and natural gas.",
    help="One sentence for the server metadata",
)
UTILITY_WEBSITE = env_str(
    "UTILITY_WEBSITE", default="https://www.example.com/", help="The utility's own website"
)
UTILITY_SUPPORT_EMAIL = env_str(
    "UTILITY_SUPPORT_EMAIL", default="support@example.com", help="Shown on pages and in emails"
)
CUSTOMER_TERMS = env_str(
    "CUSTOMER_TERMS", default="", help="Terms that customers accept, in Markdown; use a file"
)
UTILITY_COUNTRY = env_str("UTILITY_COUNTRY", default="US", help="ISO 3166 country of jurisdiction")
CDS_TIMEZONE = env_str(
    "CDS_TIMEZONE", default="America/Los_Angeles", help="IANA time zone for relative dates"
)
SERVER_CREATED = env_str(
    "SERVER_CREATED",
    default="2026-01-01T00:00:00Z",
    help="When the metadata URL was first published (RFC 3339)",
)

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "registration",
    "consent",
    "customerdata",
    "oauth2_provider",
    "rest_framework",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "payments",
    "csp",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
]

MIDDLEWARE = [
    "portal.http.middleware.RequestIdMiddleware",
    # Second from the outside, so that every response states the caller's remaining limits.
    "portal.http.ratelimits.RateLimitMiddleware",
    "portal.http.hosts.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.http.middleware.MachineEndpointMiddleware",
    "portal.http.bodies.BodyLimitMiddleware",
    "portal.http.middleware.ContentPolicyMiddleware",
    "portal.http.page_middleware.SessionMiddleware",
    # Inside the content policy, so that a sign-in that ends at a client can redirect there.
    "consent.pages.authorization.middleware.AuthorizationSignInMiddleware",
    "portal.http.page_middleware.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.http.page_middleware.AuthenticationMiddleware",
    "portal.http.page_middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.http.middleware.DomainErrorMiddleware",
    "portal.http.middleware.UnstorableTextMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
# Machine endpoints never redirect for a missing slash; pages handle slashes themselves.
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "portal.forms.ProjectFormRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.branding.utility",
            ],
        },
    },
]

# --- Storage -------------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(
        env_str("DATABASE_URL", help="PostgreSQL 15 or newer: postgres://user:password@host/name"),
        conn_max_age=env_int(
            "DATABASE_CONN_MAX_AGE", default=60, help="Seconds that a connection is kept open"
        ),
        conn_health_checks=True,
    )
}
DATABASE_PREPARED_STATEMENTS = env_bool(
    "DATABASE_PREPARED_STATEMENTS",
    default=True,
    help="Plan frequent queries once per connection; turn off behind a pooler without support",
)
# How often a statement of `portal.db.prepared` runs on a connection before it is prepared.
DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 5
WEB_STATEMENT_SECONDS = env_int(
    "WEB_STATEMENT_SECONDS",
    default=30,
    help="Seconds per database statement in web processes, below the proxy's timeout; 0: no limit",
)
WORKER_STATEMENT_SECONDS = env_int(
    "WORKER_STATEMENT_SECONDS",
    default=120,
    help="Seconds per database statement in workers; 0: no limit",
)
DATABASES["default"]["TEST"] = {
    "NAME": "test_cds" + env_str("TEST_DB_SUFFIX", default="", help="Suffix of the test database")
}
REDIS_URL = env_str("REDIS_URL", help="Redis or Valkey, for broker and cache; its data can be lost")
REDIS_OPTIONAL = env_bool(
    "REDIS_OPTIONAL",
    default=True,
    help="Count and cache in each process while Redis is down; if off, such requests fail",
)
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": (
            "portal.caching.cache.OptionalRedisCache"
            if REDIS_OPTIONAL
            else "django.core.cache.backends.redis.RedisCache"
        ),
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cds",
        # A server that hangs counts as unavailable (portal.caching.outage).
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
MEDIA_ROOT = env_str("MEDIA_ROOT", default=".local/media", help="Folder for stored files")
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".local" / "static"
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.staticfiles.HashedStaticFiles"},
}

# --- People --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "portal.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
MFA_TOTP_ISSUER = UTILITY_NAME
OIDC_PROVIDERS = env_json(
    "OIDC_PROVIDERS",
    shape=list,
    help="OpenID Connect providers for sign-in; see the operator guide",
)
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "provider_class": "portal.sign_in.openid.provider.Provider",
        "OAUTH_PKCE_ENABLED": True,
        "APPS": apps_of(OIDC_PROVIDERS),
    }
}
# WG3-01 9.1.2 requires sign-in at the time of consent; an idle hour ends the session.
SESSION_COOKIE_AGE = env_int("SESSION_SECONDS", default=3600, help="Idle seconds until sign-out")
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_SECURE = USE_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = USE_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.http.error_pages.csrf_failure"

# --- Transport and browser security --------------------------------------------------------------
SECURE_SSL_REDIRECT = USE_HTTPS
# Requested from inside the network, behind the proxy that terminates TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if env_bool(
        "TRUST_FORWARDED_PROTO",
        default=False,
        help="Trust X-Forwarded-Proto; only behind a proxy that always sets it",
    )
    else None
)
SECURE_HSTS_SECONDS = 63_072_000 if USE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = USE_HTTPS
SECURE_HSTS_PRELOAD = USE_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
# A form with 5,000 services is legitimate on the consent page; portal.http.bodies sets the limits.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# --- Language and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
LANGUAGES = languages_in(LOCALE_PATHS[0])
USE_I18N = True
USE_TZ = True
TIME_ZONE = CDS_TIMEZONE

# --- Mail ----------------------------------------------------------------------------------------
MAIL_DIR = env_str("MAIL_DIR", default="", help="Write emails to this folder, do not send them")
EMAIL_HOST = env_str("EMAIL_HOST", default="localhost", help="SMTP server")
EMAIL_PORT = env_int("EMAIL_PORT", default=587, help="SMTP port")
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", default="", help="SMTP user")
EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_PASSWORD", default="", help="SMTP password")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", default=True, help="STARTTLS")
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env_str(
    "DEFAULT_FROM_EMAIL", default="no-reply@example.com", help="Sender of all emails"
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_BACKEND = "portal.background.mail_backends.SmtpBackend"
if MAIL_DIR:
    EMAIL_BACKEND = "portal.background.mail_backends.FileBackend"
    EMAIL_FILE_PATH = MAIL_DIR

# --- APIs ----------------------------------------------------------------------------------------
NUM_PROXIES = env_int("NUM_PROXIES", default=0, help="Trusted proxies in front of the portal")
# Sign-in counts its failures by the same address.
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES
COMPRESS_DATA = env_bool(
    "COMPRESS_DATA",
    default=True,
    help="Compress customer data for clients that accept it; turn off if the proxy does it",
)
RATE_LIMITS = env_str(
    "RATE_LIMITS",
    default="all",
    help="Limits in force: all; guesses (the proxy limits requests); none, for load tests",
)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["consent.oauth.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["portal.http.api.ExactJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.http.api.AnyTypeJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.http.api.JSONOnlyNegotiation",
    "EXCEPTION_HANDLER": "portal.http.api.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["portal.http.ratelimits.CallerThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "public": env_str(
            "RATE_PUBLIC", default="600/min", help="Requests to public endpoints per IP address"
        ),
        "bodies": env_str(
            "RATE_BODIES",
            default="3000/min",
            help="Forms and OAuth requests per IP address, in units of 4 KB",
        ),
        "register": env_str("RATE_REGISTER", default="30/min", help="Registrations per IP address"),
        "token": env_str("RATE_TOKEN", default="600/min", help="Token requests per client"),
        "token_failures": env_str(
            "RATE_TOKEN_FAILURES", default="20/min", help="Wrong secrets per IP address and client"
        ),
        "auth_failures": env_str(
            "RATE_AUTH_FAILURES", default="200/min", help="Failed authentications per IP address"
        ),
        "api": env_str("RATE_API", default="2400/min", help="API requests per client"),
        "api_credential": env_str(
            "RATE_API_CREDENTIAL", default="1200/min", help="API requests per credential"
        ),
        "link": env_str("RATE_LINK", default="10/hour", help="Account link attempts per person"),
    },
    "NUM_PROXIES": NUM_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

# --- Messages and reviews ------------------------------------------------------------------------
MESSAGE_ATTACHMENT_MAX_BYTES = env_int(
    "MESSAGE_ATTACHMENT_MAX_BYTES",
    default=10_485_760,
    help="Largest file in a Message, before Base64; the standard requires at least 10 MB",
)
STREAM_MESSAGE_BODIES = env_bool(
    "STREAM_MESSAGE_BODIES",
    default=True,
    help="Decode files in Messages while they arrive; if off, parse each body whole, using 40 MB",
)
UNVERIFIED_STORAGE_BYTES = env_int(
    "UNVERIFIED_STORAGE_BYTES",
    default=10_737_418_240,
    help="Bytes that all registrations without a completed step can store together",
)
REVIEWED_CLIENT_FIELDS = env_list(
    "REVIEWED_CLIENT_FIELDS",
    default="client_name,client_uri,logo_uri",
    help="Fields of production Clients whose changes staff must approve before they show",
)

CDS_DRAFTS = env_bool(
    "CDS_DRAFTS",
    default=False,
    help="Follow drafts that change what clients get today; /docs/standards/ lists them",
)

# --- Registration fees ---------------------------------------------------------------------------
REGISTRATION_FEE_AMOUNT = Decimal(
    env_str("REGISTRATION_FEE_AMOUNT", default="100.00", help="Fee for scopes that require one")
)
REGISTRATION_FEE_CURRENCY = env_str(
    "REGISTRATION_FEE_CURRENCY", default="USD", help="ISO 4217 currency of the fee"
)
PAYMENT_INSTRUCTIONS = env_str(
    "PAYMENT_INSTRUCTIONS",
    default="",
    help="How to pay an invoice: bank and account; if empty, developers are referred to support",
)
PAYMENT_PROVIDER = env_str(
    "PAYMENT_PROVIDER",
    default="invoice",
    help="How fees are paid: invoice, or the name of a card provider in PAYMENT_VARIANTS",
)
PAYMENT_VARIANTS = env_json(
    "PAYMENT_VARIANTS",
    shape=dict,
    help="Card providers and their keys, a JSON object: see the chapter on fees",
)
PAYMENT_CHECKOUT_ORIGINS = env_list(
    "PAYMENT_CHECKOUT_ORIGINS",
    help="Origins of card providers' checkouts, for example https://checkout.stripe.com",
)
PAYMENT_MODEL = "registration.Payment"
PAYMENT_HOST = _base.netloc
PAYMENT_USES_SSL = USE_HTTPS

# --- OAuth ---------------------------------------------------------------------------------------
OAUTH2_PROVIDER_APPLICATION_MODEL = "registration.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "consent.AuthorizationCode"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "consent.AccessToken"  # noqa: S105 -- a model name
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "consent.RefreshToken"  # noqa: S105 -- a model name
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "consent.IDToken"  # noqa: S105 -- a model name
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "consent.DeviceGrant"
OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "consent.oauth.validator.CdsValidator",
    "OAUTH2_SERVER_CLASS": "consent.oauth.server.CdsServer",
    "OAUTH2_BACKEND_CLASS": "consent.oauth.backend.CdsBackend",
    "SCOPES_BACKEND_CLASS": "consent.oauth.scopes.OfferedScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": env_int(
        "ACCESS_TOKEN_SECONDS", default=3600, help="Lifetime of access tokens"
    ),
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # The library's strictest values. Our own code decides: `consent.services.authorization.request`
    # per client (PKCE), `registration.validation.redirect_uris` (schemes, native apps' loopback).
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REQUEST_APPROVAL_PROMPT": "force",
    **{
        f"COMPLIANT_BCP_RFC9700_{rule}": True
        for rule in (
            *("IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "PKCE_REQUIRED", "TOKEN_STORAGE"),
            *("ACCESS_TOKEN_TRANSPORT", "AUTHZ_RESPONSE_ISS", "REFRESH_TOKEN"),
            *("REDIRECT_URI_MATCHING", "REDIRECT_URI_SCHEME"),
        )
    },
}
ROTATE_CONFIDENTIAL_REFRESH_TOKENS = env_bool(
    "ROTATE_CONFIDENTIAL_REFRESH_TOKENS",
    default=False,
    help="Also rotate refresh tokens of clients with a secret (public clients' always rotate)",
)
AUTHORIZATION_REQUEST_SECONDS = env_int(
    "AUTHORIZATION_REQUEST_SECONDS",
    default=3600,
    help="Seconds that a form stays open after its last view",
)
SYNCHRONOUS_SELECTION_LIMIT = env_int(
    "SYNCHRONOUS_SELECTION_LIMIT",
    default=200,
    help="Selections of up to this many services are processed while the customer waits",
)

# --- Background work -----------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The broker holds only nudges, so a lost message costs a sweep, not data. The values keep the
# recovery of a killed worker's task short: longer than the hard time limit, checked often.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 660,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 10,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = beat.SCHEDULE
FETCH_TASKS = queues.FETCH_TASKS

LOGGING = logging_config(env_str("LOG_LEVEL", default="INFO", help="Log level"))
SILENCED_SYSTEM_CHECKS: list[str] = []
IGNORABLE_404_URLS = [re.compile(r"^/favicon\.ico$")]
