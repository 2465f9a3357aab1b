"""Who may sign in to the demo clinic. The password is public: it opens nothing but invented people."""

from accounts.models import ClinicSettings, User
from accounts.sign_in_notes import SignInNote

PASSWORD = "demo-clinic-only"  # noqa: S105 - shown on the sign-in page of a demo clinic, and used nowhere else


def is_demo() -> bool:
    """True where this database holds the demo clinic."""
    return ClinicSettings.current().is_demo


def people() -> list[tuple[str, str, str]]:
    """Return (user name, name, role) of everybody in the demo clinic who may sign in."""
    users = User.objects.filter(is_demo=True, is_active=True).order_by("pk")
    return [(user.username, user.display_name, user.get_role_display()) for user in users]


def as_text() -> str:
    """The lines `make run` ends with."""
    rows = [f"    {username:<8} {role:<14} {name}" for username, name, role in people()]
    return "\n".join(["Demo clinic, invented people. Sign in as one of", *rows, f"with the password {PASSWORD}", ""])


def note() -> SignInNote | None:
    """For the sign-in page of a demo clinic; None everywhere else."""
    if not is_demo():
        return None
    return SignInNote("clinic/partials/demo_sign_ins.html", {"people": people(), "password": PASSWORD})
