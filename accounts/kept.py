"""What this app keeps, for the registry of patient models."""

from audit.patient_models import OtherModel, register


def declare() -> None:
    register(
        OtherModel("accounts.Site", "a place", exported=True),
        OtherModel("accounts.User", "a member of staff", exported=True, leaves_out=("password", "last_login")),
        OtherModel("accounts.Competence", "what a member of staff is signed off for", exported=True),
        OtherModel("accounts.ClinicSettings", "the clinic's choices", exported=True),
        OtherModel("accounts.Invitation", "a link with which a member of staff sets a password"),
        OtherModel("accounts.SignInNotice", "what was done to a member of staff's way in"),
        OtherModel("accounts.WatchedAct", "what a second person agrees to or is told of", exported=True),
        OtherModel("accounts.ActRead", "who has read of it", exported=True),
        OtherModel("accounts.WebSession", "a browser somebody is signed in with", in_backup=False),
        OtherModel("accounts.ReentryPin", "what opens a member of staff's locked screen"),
    )
