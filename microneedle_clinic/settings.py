"""
Settings, read once from the environment. A wrong or missing one stops the start with a sentence that says what to do.

Two modes, one code:

* embedded (no DATABASE_URL): SQLite and a private broker on a unix socket below CLINIC_DATA; nothing to install.
* production (DATABASE_URL set): PostgreSQL, Redis, several web and worker hosts. SECRET_KEY, ALLOWED_HOSTS and
  BROKER_URL are then required.
"""

import datetime as dt
import importlib.util
import itertools
import re
import secrets
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from microneedle_clinic import reading
from microneedle_clinic.beat import Every
from microneedle_clinic.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _data_dir() -> Path:
    path = Path(env.str("CLINIC_DATA", default=str(BASE_DIR / "var"))).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"CLINIC_DATA={path} cannot be used: {error}. Name a folder you may write to.") from error
    return path


def _embedded_secret(path: Path) -> str:
    """Return the key kept in *path*, made on the first start; two processes that start together agree on one."""
    if not path.exists():
        candidate = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        candidate.touch(mode=0o600)
        candidate.write_text(secrets.token_urlsafe(64))
        try:
            path.hardlink_to(candidate)
        except FileExistsError:
            pass
        finally:
            candidate.unlink()
    return path.read_text().strip()


def _required(name: str, why: str) -> str:
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {why}")
    return value


CLINIC_DATA = _data_dir()
EMBEDDED = not reading.database("DATABASE_URL")
DEBUG = reading.switch("DEBUG", False)


def _can_be_guessed(secret: str) -> bool:
    """Short, a pattern over and over, a row such as abcdef, or what Django writes into a new project."""
    pieces = {secret[at : at + 4] for at in range(len(secret) - 3)}
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(secret)]
    return (
        len(secret) < 50
        or secret.startswith("django-insecure-")
        or 2 * len(pieces) <= len(secret)  # of random characters hardly any four come twice
        or max(map(steps.count, set(steps))) > len(secret) // 3
    )


if EMBEDDED:
    SECRET_KEY = env.str("SECRET_KEY", default="") or _embedded_secret(CLINIC_DATA / "secret_key")
    ALLOWED_HOSTS = reading.names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
else:
    SECRET_KEY = _required("SECRET_KEY", "Set it to 50 or more random characters, the same on every host.")
    if _can_be_guessed(SECRET_KEY):
        raise ImproperlyConfigured(
            "SECRET_KEY is short, a default or a pattern that can be guessed. Set it to 50 or more random characters."
        )
    ALLOWED_HOSTS = reading.hosts("ALLOWED_HOSTS")
    if DEBUG:
        raise ImproperlyConfigured("DEBUG shows patient data to whoever meets a fault. Leave it off in production.")
SECRET_KEY_FALLBACKS = reading.names("SECRET_KEY_FALLBACKS", [])
if not EMBEDDED and any(map(_can_be_guessed, SECRET_KEY_FALLBACKS)):
    raise ImproperlyConfigured(
        "SECRET_KEY_FALLBACKS holds a key that can be guessed, and what it signed is believed as well. Leave it out; who signed in or "
        "set up a second step under it does so again."
    )
CSRF_TRUSTED_ORIGINS = reading.names("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "bootstrap",
    "heroicons",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "audit",
    "accounts",
    "protocols",
    "patients",
    "plans",
    "consent",
    "intake",
    "sessions",
    "photos",
    "outcomes",
    "aftercare",
    "followup",
    "papers",
    "events",
    "clinic",
]

MIDDLEWARE = [
    "microneedle_clinic.web.middleware.EveryAnswerMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.language.LanguageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "microneedle_clinic.web.middleware.SoundInputMiddleware",
    "accounts.desk.confined.ConfinedMiddleware",  # before any view, and before an address that leads nowhere is said to
    "accounts.desk.middleware.DeskLockMiddleware",
    "accounts.signing_in.middleware.SignInStepsMiddleware",
    "clinic.read_only.ReadOnlyMiddleware",
    "accounts.middleware.DenyByDefaultMiddleware",
    "accounts.middleware.ClinicTimeMiddleware",
    "accounts.middleware.PrivatePagesMiddleware",
    "patients.merged.MergedAwayMiddleware",  # leads from a merged record to the kept one
    "patients.whose.AnotherPatientMiddleware",  # refuses a form of another patient
    "audit.middleware.AuditMiddleware",  # last: what it sees is what leaves the view
]

ROOT_URLCONF = "microneedle_clinic.urls"
WSGI_APPLICATION = "microneedle_clinic.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "accounts.context_processors.clinic",
                "clinic.context_processors.standing",
            ],
            "builtins": ["django.templatetags.i18n", "accounts.templatetags.clinic_format"],
        },
    }
]

# Data

if EMBEDDED:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": CLINIC_DATA / "clinic.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                    "PRAGMA secure_delete=ON;"  # what is erased or changed is overwritten, not only unlinked
                    "PRAGMA cache_size=-32000; PRAGMA mmap_size=134217728;"
                ),
            },
            "TEST": {"NAME": CLINIC_DATA / "test.sqlite3"},
        }
    }
else:
    DATABASES = {"default": env.db("DATABASE_URL")}
    DATABASES["default"].setdefault("CONN_MAX_AGE", reading.whole("CONN_MAX_AGE", 60, low=0, high=86400))
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that is gone without a word is noticed within half a minute, by every process (see also web/patience.py).
    _noticed = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
    DATABASES["default"]["OPTIONS"] = {**_noticed, **DATABASES["default"].get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The key, the sealed heads and the anchors of the audit chain: outside the database, seen by every host (docs/operations.md).
AUDIT_DIR = Path(env.str("AUDIT_DIR", default=str(CLINIC_DATA / "audit"))).expanduser().resolve()

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
MEDIA_ROOT = CLINIC_DATA / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(CLINIC_DATA / "static")))


def _package_dir(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ImproperlyConfigured(f"The package {name} is not installed. Run `make install`.")
    return Path(next(iter(spec.submodule_search_locations)))


STATICFILES_DIRS = [BASE_DIR / "static", ("fonts", _package_dir("fontpkg_inter") / "files")]

# People

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "clinic:today"
LOGOUT_REDIRECT_URL = "accounts:sign_in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.signing_in.passwords.LengthValidator"},
    {"NAME": "accounts.signing_in.passwords.CommonValidator"},
    {"NAME": "accounts.signing_in.passwords.PersonalValidator"},
]
AUTHENTICATION_BACKENDS = ["accounts.signing_in.backend.PasswordBackend"]
# Roles that sign in with a second step: an authenticator app or a passkey. Others may set one up.
SECOND_STEP_ROLES = frozenset(reading.names("SECOND_STEP_ROLES", ["clinician", "medical_lead", "manager"]))
# People of the demo clinic sign in without it only where this says so; `make run` does. No effect on anybody else.
DEMO_WITHOUT_SECOND_STEP = reading.switch("DEMO_WITHOUT_SECOND_STEP", False)
# Waiting before the next password or code is looked at: (how many wrong ones, within how many seconds).
SIGN_IN_TRIES = {"name_and_place": (5, 300), "place": (50, 300), "name": (100, 86400)}
# Links from outside that open nothing (a calendar link taken back, say): as many from one place, within so many seconds.
WRONG_LINKS = (30, 300)
# A proof of who somebody is counts this long for what asks for a fresh one, in seconds.
_why = "whoever finds a screen open later is asked who it is"
FRESH_PROOF_SECONDS = reading.whole("FRESH_PROOF_SECONDS", 300, low=30, high=3600, why=_why)
# What is said on the next page may name a patient: kept in the session, which ends with the sign-in, never in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SIGN_IN_STEP_SECONDS = 600  # from the password to the end of the second step
AXES_HANDLER = "accounts.signing_in.throttle.SignInThrottle"
AXES_LOCKOUT_CALLABLE = "accounts.views.wait"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_VERBOSE = False
ACCOUNT_ADAPTER = "accounts.signing_in.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # one throttle, ours, in the database
MFA_ADAPTER = "accounts.signing_in.adapters.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RATE_LIMITS = False
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
MFA_RECOVERY_CODES_SHOW_ONCE = True
SESSION_ENGINE = "accounts.desk.store"
# The absolute limit of a sign-in, however busy; and how long nobody may touch a screen before it locks.
_why = "a sign-in ends within a day, however busy"
SESSION_COOKIE_AGE = reading.whole("SESSION_HOURS", 12, low=1, high=24, why=_why) * 3600
_why = "a screen that nobody touches is locked after 15 minutes at the latest"
IDLE_LOCK_SECONDS = reading.whole("IDLE_LOCK_SECONDS", 600, low=5, high=900, why=_why)
_why = "a tablet out for longer is signed out"
HANDED_OVER_MINUTES = reading.whole("HANDED_OVER_MINUTES", 60, low=5, high=240, why=_why)
INVITATION_HOURS = reading.whole("INVITATION_HOURS", 72, low=1, high=720, why="a link that sets a password does not lie about for longer")
# What touches the access of a medical lead or a manager waits so long for a second person, where there is one; a shorter retention
# period so many days (see accounts.watched).
_why = "what one person asks for is seen by another first"
SECOND_PERSON_HOURS = reading.whole("SECOND_PERSON_HOURS", 24, low=1, high=168, why=_why)
RETENTION_WAIT_DAYS = reading.whole("RETENTION_WAIT_DAYS", 14, low=1, high=365, why="a shorter period does not hold at once")
# The record of another site's patient, opened in an emergency, stays open this long (see patients.emergency).
EMERGENCY_MINUTES = reading.whole("EMERGENCY_MINUTES", 60, low=5, high=720, why="an emergency access ends by itself, within half a day")
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# Words and clocks: times are UTC in the database and clinic time on every screen and sheet.

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("es", "Español")]
# Ours before those that libraries bring: a word means on every page what it means on ours.
LOCALE_PATHS = sorted(BASE_DIR.glob("*/locale"))
FORMAT_MODULE_PATH = ["microneedle_clinic.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
CLINIC_TIME_ZONE = reading.clock("CLINIC_TIME_ZONE", "Europe/London")

# Queue

if EMBEDDED:
    BROKER_URL = env.str("BROKER_URL", default=f"redis+socket://{CLINIC_DATA / 'run' / 'broker.sock'}?virtual_host=0")
else:
    BROKER_URL = _required("BROKER_URL", "Set it to the Redis that the workers use, for example redis://queue.internal/0.")
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # none are kept, and beat offers no nightly task that clears them away
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
# A child that has grown beyond the first is replaced after its task; beyond the second it gets no more memory in the middle of one.
WORKER_RECYCLE_MB = reading.whole("WORKER_RECYCLE_MB", 400, low=150, high=64_000)
WORKER_MOST_MB = reading.whole("WORKER_MOST_MB", 1200, low=400, high=64_000)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = WORKER_RECYCLE_MB * 1000
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A child warms the sheet renderer before it answers; on a busy machine that takes a while.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30
# A sheet that takes longer is stopped, and ten seconds later its process is.
SHEET_SECONDS = reading.whole("SHEET_SECONDS", 30, low=2, high=600)
# A worker may work on one sheet this long before another may take it; longer than the task's time limit.
SHEET_LEASE_SECONDS = reading.whole("SHEET_LEASE_SECONDS", 45, low=1, high=3600)
# A sheet that was handed to the queue and not begun is offered again after this time.
SHEET_REPUBLISH_SECONDS = reading.whole("SHEET_REPUBLISH_SECONDS", 20, low=1, high=3600)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_timeout": 5,
    "socket_connect_timeout": 0.5,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "microneedle_clinic.beat_scheduler:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "republish overdue sheets": {"task": "aftercare.tasks.sweep_sheets", "schedule": Every(5.0), "options": {"expires": 5}},
    "send due reminders": {"task": "followup.tasks.sweep_reminders", "schedule": Every(60.0), "options": {"expires": 60}},
    "sweep photos that no row names": {"task": "photos.tasks.sweep_photos", "schedule": Every(3600.0), "options": {"expires": 3600}},
    "sweep papers that no row names": {"task": "papers.tasks.sweep_papers", "schedule": Every(3600.0), "options": {"expires": 3600}},
    "end what waits no more": {"task": "followup.tasks.settle_waiting", "schedule": Every(300.0), "options": {"expires": 300}},
}

# Reminders. Without MAIL_FROM no mail leaves; without PUBLIC_URL a mail carries no link to stop them, and says to ring instead.

MAIL_FROM = env.str("MAIL_FROM", default="")
PUBLIC_URL = env.str("PUBLIC_URL", default="")  # how patients reach this server, for example https://clinic.example
if PUBLIC_URL and not re.match(r"https://[^/?#\s]+|http://(?:localhost|127\.0\.0\.1)(?::\d+)?(?:/|$)", PUBLIC_URL):
    raise ImproperlyConfigured(f"PUBLIC_URL={PUBLIC_URL} must begin with https://: a link in a mail is read by others on its way.")
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 20
# For how many days a patient reads the sheet on a phone, through the code printed on it; 0: none is printed. Needs PUBLIC_URL.
SHEET_LINK_DAYS = reading.whole("SHEET_LINK_DAYS", 0, low=0, high=365)
if SHEET_LINK_DAYS and not PUBLIC_URL:
    raise ImproperlyConfigured("SHEET_LINK_DAYS needs PUBLIC_URL: the code on the sheet leads to an address of this server.")
# A class for the clinic's SMS provider (see followup/sms.py). This one keeps the texts for the desk to send by hand.
SMS_BACKEND = env.str("SMS_BACKEND", default="followup.sms.OutboxBackend")

# Backups and what warns before it hurts (see docs/operations.md)

BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(CLINIC_DATA / "backups"))).expanduser().resolve()
BACKUP_KEY_FILE = Path(env.str("BACKUP_KEY_FILE", default=str(CLINIC_DATA / "backup-key.txt"))).expanduser().resolve()
# Further age public keys that every backup is encrypted to.
BACKUP_RECIPIENTS = reading.age_keys("BACKUP_RECIPIENTS")
BACKUP_KEEP = reading.whole("BACKUP_KEEP", 14, low=1, high=1000)
# The wall clock of CLINIC_TIME_ZONE at which each day's backup is taken, and the days between two restore drills.
try:
    BACKUP_AT = dt.time.fromisoformat(env.str("BACKUP_AT", default="02:30"))
except ValueError as error:
    raise ImproperlyConfigured(f"BACKUP_AT={env.str('BACKUP_AT')} is no time of day. Write it as 02:30.") from error
DRILL_DAYS = reading.whole("DRILL_DAYS", 7, low=1, high=90, why="a backup that was never restored is a hope")
# Free space below which the health page and managers are warned.
DISK_WARN_MB = reading.whole("DISK_WARN_MB", 2000, low=1, high=10_000_000)

# The web: the headers themselves are in web/headers.py, the server's own limits in gunicorn.conf.py.

_https = not EMBEDDED and reading.switch("HTTPS", True)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.views.stale_page"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
# "__Host-": the browser itself refuses such a cookie from another host, from a subdomain, or without https.
SESSION_COOKIE_NAME = "__Host-session" if _https else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrftoken"
# A message may name a patient: it waits in the database, not in a cookie of a shared computer.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# The clinic's own proxies, by address or network. Only they may say who calls and whether by https; gunicorn reads the same list.
PROXY_ADDRESSES = [] if EMBEDDED else reading.networks("FORWARDED_ALLOW_IPS", ["127.0.0.1", "::1"])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31536000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https and reading.switch("HSTS_SUBDOMAINS", True)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "upgrade-insecure-requests": _https,
    }
}
# While this file is there, every page is the calm one that says so: manage.py maintenance.
MAINTENANCE_NOTICE = CLINIC_DATA / "maintenance"
# Anything longer is refused unread; text alone, and the number of fields and files, have narrower limits.
LARGEST_BODY_BYTES = 22_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000
DATA_UPLOAD_MAX_NUMBER_FILES = 30
# Files any page may load: no other site may read them.
WHITENOISE_ALLOW_ALL_ORIGINS = False

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

SHEET_PAPER_SIZES = ("A4", "Letter")

# No mails, no values, no query strings: see logs.py.
LOGGING = logging_settings(reading.level("LOG_LEVEL", "WARNING"))
