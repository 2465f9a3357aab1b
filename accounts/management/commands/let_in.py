"""When nobody who could help can sign in any more: a way in from the machine itself."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from accounts.services import sign_in as services

REASON = "From the command line of the server"


class Command(BaseCommand):
    help = "Give somebody a first password, printed once, and take a lost second step away. They are told at the next sign-in."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("--keep-second-step", action="store_true", help="only the password is forgotten")

    @transaction.atomic
    def handle(self, *, username, keep_second_step, **options):
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name {username}.")
        if not person.is_active:
            raise CommandError(f"{person.display_name} has left. A manager can take them back under Staff.")
        if not keep_second_step:
            services.reset_second_step(person, by=None, reason=REASON)
            person.refresh_from_db()
        password = services.give_first_password(person, by=None, reason=REASON)
        self.stdout.write(f"User name  {username}")
        self.stdout.write(f"Password   {password}")
        self.stdout.write("Write it down now: it is not kept anywhere and is not shown again. Everywhere else they are signed out.")
