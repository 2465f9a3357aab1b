"""The first start of an empty clinic: its settings, its first site and its first manager."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.first_passwords import first_password
from accounts.models import ClinicSettings, Site, User
from accounts.permissions import Role
from accounts.watched import kinds, services
from audit.services import record


class Command(BaseCommand):
    help = "Make the first manager, site and settings of an empty clinic and print the password once. Does nothing where a manager is."

    def add_arguments(self, parser):
        parser.add_argument("--username", default="manager")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument("--clinic", default="The clinic", help="name on screens and sheets")
        parser.add_argument("--site", default="Main site", help="name of the first place with rooms")

    @transaction.atomic
    def handle(self, *, username, first_name, last_name, email, clinic, site, **options):
        if User.objects.filter(role=Role.MANAGER, is_active=True).exists():
            self.stdout.write("This clinic has a manager already. Nothing was changed.")
            return
        if User.objects.filter(username__iexact=username).exists():
            raise CommandError(f"The user name {username} is taken. Choose another with --username.")
        ClinicSettings.objects.get_or_create(pk=1, defaults={"name": clinic})
        place = Site.objects.order_by("pk").first() or Site.objects.create(name=site, slug="main")
        password = first_password()
        manager = User.objects.create_user(
            username, email, password, role=Role.MANAGER, first_name=first_name, last_name=last_name, password_is_temporary=True
        )
        manager.sites.add(place)
        services.note(kinds.CREATED, manager, by=None)
        record("user.created", obj=manager, detail={"role": Role.MANAGER, "by": "make_manager"})
        self.stdout.write(f"User name  {username}")
        self.stdout.write(f"Password   {password}")
        self.stdout.write(
            "Write it down now: it is not kept anywhere and is not shown again. At the first sign-in an own one is asked for."
        )
