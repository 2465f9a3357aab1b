from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "papers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from functools import partial

        from django.urls import reverse
        from django.utils.translation import gettext_lazy as _
        from django.utils.translation import pgettext_lazy

        from accounts.settings_links import CLINIC, SettingsLink, register_link
        from audit.guards import protect
        from patients.merging import register_part
        from patients.timeline import register_source
        from plans.registry import register_plan_section
        from sessions.visit_sections import register as register_visit_section

        from . import kept, one_person, overview
        from .guards import guards
        from .services.printed import PaperAct, register_act

        def at(address: str):
            return partial(lambda name, pk: reverse(name, args=[pk]), address)

        kept.declare()
        register_part(one_person.PART)
        for guard in guards():
            protect(guard)
        register_plan_section(overview.plan_quote)
        register_visit_section(overview.before_visit)
        for source in overview.SOURCES:
            register_source(source)
        register_act("paper.printed", PaperAct(pgettext_lazy("document", "Paper"), at("papers:pdf")))
        register_act("sheet.opened", PaperAct(_("Aftercare sheet"), at("aftercare:pdf"), "sheets.view"))
        register_act("consent.printed", PaperAct(_("Signed consent"), at("consent:pdf"), "consent.view"))
        register_act("intake.printed", PaperAct(_("Questions before treatment"), permission="intake.hand_over"))
        about = _("What services, sessions, zones and adjuvants cost, from which day, and how tax is charged.")
        register_link(SettingsLink(CLINIC, _("Prices"), about, "papers:prices", "prices.view"))
