"""A member of staff from the command line: how an empty clinic gets its medical lead."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.first_passwords import first_password
from accounts.models import Site, User
from accounts.permissions import Role
from accounts.watched import kinds, services
from audit.services import record


class Command(BaseCommand):
    help = "Make a member of staff, at every site unless --site names one, and print the password once."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--title", default="", help="Dr, Nurse ...")
        parser.add_argument("--first-name", required=True)
        parser.add_argument("--last-name", required=True)
        parser.add_argument("--email", default="")
        parser.add_argument("--site", action="append", default=[], help="name of a site; may be given more than once")

    @transaction.atomic
    def handle(self, *, username, role, title, first_name, last_name, email, site, **options):
        if User.objects.filter(username__iexact=username).exists():
            raise CommandError(f"The user name {username} is taken. Choose another.")
        places = list(Site.objects.all())
        unknown = set(site) - {place.name for place in places}
        if unknown:
            raise CommandError(
                f"There is no site {', '.join(sorted(unknown))}. Sites: {', '.join(place.name for place in places) or 'none'}."
            )
        if not places:
            raise CommandError("There is no site yet. Make the first manager and site with `manage.py make_manager`.")
        password = first_password()
        made = User.objects.create_user(
            username, email, password, role=role, title=title, first_name=first_name, last_name=last_name, password_is_temporary=True
        )
        made.sites.set([place for place in places if not site or place.name in site])
        services.note(kinds.CREATED, made, by=None)
        record("user.created", obj=made, detail={"role": role, "by": "make_staff"})
        self.stdout.write(f"{made.display_name}, {Role(role).label.lower()}")
        self.stdout.write(f"User name  {username}")
        self.stdout.write(f"Password   {password}")
        self.stdout.write(
            "Write it down now: it is not kept anywhere and is not shown again. At the first sign-in an own one is asked for."
        )
