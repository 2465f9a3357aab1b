from django.apps import AppConfig
from django.utils.translation import gettext_lazy, gettext_noop


class ClinicConfig(AppConfig):
    name = "clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.services.sites import register_judge
        from accounts.settings_links import CLINIC, SAFETY, SettingsLink, register_link
        from accounts.sign_in_notes import register_note
        from audit.pages import register as register_pages
        from consent.printing import register_printer
        from followup.patient_page import waiting_list
        from papers.drawing import standing
        from papers.services.printed import PaperAct, register_act
        from patients.overview import register_section
        from patients.storyboard import register_fact, register_tag
        from patients.timeline import register_source

        from . import kept, overview
        from .demo.sign_ins import note
        from .durability.files import FileRows, register_files
        from .log.addresses import PAGES
        from .recall import guards as recall_guards
        from .rights import rules
        from .today import same_name_today

        kept.declare()
        recall_guards.register()
        rules.declare()
        register_judge(rules.why_not_there)
        register_tag(same_name_today)
        register_fact(gettext_noop("Next booking"), overview.next_booking)
        for section in (*overview.SECTIONS, waiting_list):
            register_section(section)
        for source in overview.SOURCES:
            register_source(source)
        register_note(note)
        register_printer(standing)
        register_act("recall.letter_printed", PaperAct(gettext_noop("Letter of a recall"), permission="recall.contact"))
        register_act("day.pack_printed", PaperAct(gettext_noop("A day on paper"), permission="day.pack"))
        register_pages(PAGES)
        register_link(
            SettingsLink(
                SAFETY, gettext_lazy("Log"), gettext_lazy("Who opened, changed, printed or was refused what."), "clinic:log", "audit.view"
            ),
        )
        register_link(
            SettingsLink(
                CLINIC,
                gettext_lazy("What the planner is for"),
                gettext_lazy("Its intended purpose, and the protocol in force."),
                "clinic:intended_purpose",
                "protocols.view",
            )
        )
        about = gettext_lazy("Block a lot everywhere at once, see who was treated with it, and keep who was told.")
        register_link(SettingsLink(SAFETY, gettext_lazy("Recalls"), about, "clinic:recalls", "recall.view"))
        register_link(
            SettingsLink(
                SAFETY,
                gettext_lazy("Retention and erasure"),
                gettext_lazy("How long records are kept, who is due, what was erased."),
                "clinic:retention",
                "retention.view",
            )
        )
        for size in ("full", "screen", "thumb"):
            register_files(FileRows("photos_photo", name=f"{size}_file", sha256=f"{size}_sha256", where=f"{size}_file <> ''"))
        register_files(FileRows("papers_paper", name="file", sha256="sha256", where="file <> ''"))
        register_files(FileRows("aftercare_sheet", name="file", sha256="sha256", where="state = 'ready'"))
        register_link(
            SettingsLink(
                SAFETY,
                gettext_lazy("Health"),
                gettext_lazy("Database, audit log, last backup, last restore drill, disk: how the software stands."),
                "clinic:standing",
                "health.view",
            )
        )
