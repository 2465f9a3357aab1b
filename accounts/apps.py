from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from audit.guards import protect

        from . import kept
        from .desk.services import begin
        from .guards import guards
        from .settings_links import CLINIC, ME, PEOPLE, SAFETY, SettingsLink, register_link
        from .signing_in.checks import refuse_unknown_roles
        from .watched.guards import guards as watched_guards

        about = _("Password, second step and recovery codes.")
        register_link(SettingsLink(ME, _("How I sign in"), about, "accounts:my_sign_in", "sign_in.own"))
        about = _("Who works here, and who may treat what.")
        register_link(SettingsLink(PEOPLE, _("Staff and certificates"), about, "accounts:staff", "competence.view"))
        about = _("Names, addresses and numbers as they are printed.")
        register_link(SettingsLink(CLINIC, _("Sites"), about, "accounts:sites", "sites.edit"))
        about = _("A link that sets a password, role and sites.")
        register_link(SettingsLink(PEOPLE, _("Invite somebody"), about, "accounts:invite", "staff.edit"))
        about = _("Changes to the access of leads and managers, and to retention: asked for, agreed to, read.")
        register_link(SettingsLink(SAFETY, _("What two people know"), about, "accounts:watched", "watched.report"))
        kept.declare()
        refuse_unknown_roles()
        for guard in (*guards(), *watched_guards()):
            protect(guard)
        user_logged_in.connect(begin, dispatch_uid="accounts.desk.begin")
