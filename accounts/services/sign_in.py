"""Writing what lets somebody in: passwords and second steps. Each is one row in the log, in the same transaction."""

from allauth.mfa.models import Authenticator
from django.contrib.auth import update_session_auth_hash
from django.db import transaction

from audit.services import record

from ..desk.services import end_all, end_others
from ..first_passwords import first_password
from ..models import SignInNotice, User
from ..signing_in import passkeys, second_steps, session, throttle
from ..watched import kinds as acts
from ..watched.services import SecondPersonNeeded, ask, note


def change_password(request, password: str) -> None:
    """One's own. Every other session of this person ends: they carry a keyed hash of the password before."""
    user = request.user
    with transaction.atomic():
        user.set_password(password)
        user.password_is_temporary = False
        user.save(update_fields=["password", "password_is_temporary"])
        record("user.password_changed", request=request, obj=user)
        end_others(user, request=request)
        update_session_auth_hash(request, user)
        session.prove(request, session.PASSWORD)


def add_app(request, secret: str, counter: int) -> bool:
    """One's own authenticator app. True where recovery codes were made with it."""
    with transaction.atomic():
        replaced = second_steps.app_of(request.user) is not None
        second_steps.add_app(request.user, secret, counter)
        return _added(request, "app", replaced=replaced)


def add_passkey(request, name: str, credential: dict) -> bool | None:
    """One's own passkey. None where it does not fit; else whether recovery codes were made with it."""
    with transaction.atomic():
        made = passkeys.add(request, request.user, name, credential)
        return None if made is None else _added(request, "passkey", name=str(made))


def _added(request, how: str, **detail) -> bool:
    first = not Authenticator.objects.filter(user=request.user, type=second_steps.CODES).exists()
    if first:
        second_steps.new_recovery_codes(request.user)
    record("user.second_step_added", request=request, obj=request.user, detail={"second_step": how, **detail})
    request.session.cycle_key()
    session.prove(request, session.SECOND_STEP)
    return first


def remove(request, pk: int) -> bool:
    """
    One's own app or passkey; with the last one the recovery codes go too. False where it is the last of somebody whose role
    needs one: another is set up first.
    """
    user = request.user
    with transaction.atomic():
        mine = Authenticator.objects.select_for_update().filter(user=user).exclude(type=second_steps.CODES)
        found = next((row for row in mine if row.pk == pk), None)
        if found is None:
            raise Authenticator.DoesNotExist
        last = len(mine) == 1
        if last and second_steps.is_required(user):
            return False
        record("user.second_step_removed", request=request, obj=user, detail={"second_step": second_steps.HOW[found.type]})
        found.delete()
        if last:
            Authenticator.objects.filter(user=user).delete()
        return True


def new_recovery_codes(request) -> None:
    with transaction.atomic():
        second_steps.new_recovery_codes(request.user)
        record("user.recovery_codes_made", request=request, obj=request.user)


def reset_second_step(person: User, *, by: User | None, reason: str, request=None) -> None:
    """
    The telephone is lost and the codes with it: everything of the second step goes, every session of the person ends, and they
    are told at the next sign-in.

    Raises:
        SecondPersonNeeded: it was asked for, and waits.
    """
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        waits = ask(acts.SECOND_STEP, person, by=by, reason=reason, request=request)
        if not waits:
            Authenticator.objects.filter(user=person).delete()
            SignInNotice.objects.create(user=person, kind=SignInNotice.Kind.SECOND_STEP_RESET, by=by)
            User.objects.filter(pk=person.pk).update(sign_in_epoch=person.sign_in_epoch + 1)
            end_all(person, by=by, request=request, why="second step reset")
            record("user.second_step_reset", actor=by, request=request, obj=person, detail={"reason": reason})
    if waits:
        raise SecondPersonNeeded(waits)


def give_first_password(person: User, *, by: User | None, reason: str, request=None) -> str:
    """A password for somebody who forgot theirs, shown once; at the next sign-in an own one is asked for."""
    password = first_password()
    with transaction.atomic():
        person.set_password(password)
        person.password_is_temporary = True
        person.save(update_fields=["password", "password_is_temporary"])
        SignInNotice.objects.create(user=person, kind=SignInNotice.Kind.PASSWORD_SET, by=by)
        throttle.let_in_again(person.username)
        note(acts.PASSWORD, person, by=by, request=request)
        end_all(person, by=by, request=request, why="a new first password")
        record("user.password_set", actor=by, request=request, obj=person, detail={"reason": reason})
    return password


def let_in_again(person: User, *, by: User, request=None) -> None:
    with transaction.atomic():
        forgotten = throttle.let_in_again(person.username)
        record("user.let_in_again", actor=by, request=request, obj=person, detail={"wrong_tries": forgotten})
