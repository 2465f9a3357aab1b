from django.apps import AppConfig


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

        register_link(SettingsLink(ME, "How I sign in", "Password, second step and recovery codes.", "accounts:my_sign_in", "sign_in.own"))
        register_link(
            SettingsLink(PEOPLE, "Staff and certificates", "Who works here, and who may treat what.", "accounts:staff", "competence.view")
        )
        register_link(SettingsLink(CLINIC, "Sites", "Names, addresses and numbers as they are printed.", "accounts:sites", "sites.edit"))
        register_link(
            SettingsLink(PEOPLE, "Invite somebody", "A link that sets a password, role and sites.", "accounts:invite", "staff.edit")
        )
        register_link(
            SettingsLink(
                SAFETY,
                "What two people know",
                "Changes to the access of leads and managers, and to retention: asked for, agreed to, read.",
                "accounts:watched",
                "watched.report",
            )
        )
        kept.declare()
        refuse_unknown_roles()
        for guard in (*guards(), *watched_guards()):
            protect(guard)
        user_logged_in.connect(begin, dispatch_uid="accounts.desk.begin")
