"""
The form on the tablet. These views answer the browser that was handed over and no other; nothing in them is of the record: neither
earlier answers nor notes, nor anybody else's name.
"""

from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.desk import confined
from accounts.desk.confined import while_confined
from accounts.desk.services import Opening, has_pin, tries_left
from accounts.desk.views import ended, tries_in_words
from accounts.permissions import requires
from audit.services import about, note_read
from patients.medicine_names import offer
from plans.catalogue import catalogue_of
from plans.inputs import one, rows

from .. import reading, tablet
from ..asking import asked_in
from ..fields import LISTS, MOST_LINES, Step, steps_of
from ..models import QuestionnaireResponse
from ..services import answering, handing
from ..wording import in_language, words_in

FORM = "form"  # the field that names the form a page belongs to: a page of an earlier one is refused


def _in_its_language(request, template: str, context: dict, status: int):
    """In the language of the form, whatever whoever handed the tablet over reads: dates too."""
    with in_language(context["language"]) as spoken:
        response = render(request, f"intake/tablet/{template}.html", context, status=status)
    response.headers["Content-Language"] = spoken
    return response


def _page(request, template: str, response: QuestionnaireResponse, *, status: int = 200, **context):
    context |= {"response": response, "patient": response.patient, "words": words_in(response.language), "language": response.language}
    context["idle_seconds"] = settings.IDLE_LOCK_SECONDS
    return _in_its_language(request, template, context, status)


def _calm(request, what: str, response: QuestionnaireResponse | None = None, *, status: int = 200):
    """A page that says to give the tablet back, and nothing of anybody. what: left, gone, not_me or thanks."""
    language = response.language if response else "en"
    context = {
        "words": words_in(language),
        "language": language,
        "title": words_in(language)[f"{what}_title"],
        "said": words_in(language)[what],
    }
    return _in_its_language(request, "calm", context | {"what": what}, status)


def _by_script(request) -> bool:
    return "X-Requested-With" in request.headers


def _for_patient(view):
    """
    The door of every page of the form: it is shown while somebody is there, to who said that it is theirs. What is sent is kept also
    where the tablet was left meanwhile; nothing is shown then.
    """

    def opened(request, *args, **kwargs):
        if not tablet.is_handed(request):
            return redirect("clinic:today")
        response = tablet.held(request)
        if response is None:
            return _calm(request, "gone", status=409 if request.method == "POST" else 200)
        about(response.patient_id)
        response.site.set_clock()
        if request.method == "POST" and request.POST.get(FORM) != str(response.pk):
            return _calm(request, "gone", response, status=409)  # a page of a form that was here before this one
        if not response.is_open:
            return _calm(request, "thanks", response)
        left = confined.is_left(request)
        confined.touched(request)
        if left and request.method != "POST":
            return _calm(request, "left", response)
        answer = view(request, response, *args, **kwargs)
        return _calm(request, "left", response) if left and not _by_script(request) else answer

    return opened


@while_confined
@requires("intake.hand_over")
@require_http_methods(["GET", "HEAD", "POST"])
@_for_patient
def begin(request, response: QuestionnaireResponse):
    """Whose questions these are, said by who holds the tablet."""
    if request.method == "POST":
        if request.POST.get("me") != "yes":
            return _calm(request, "not_me", response)
        answering.confirm(response, browser=request.session.row.pk, request=request)
        return redirect(_next_open(response))
    if response.confirmed_at:
        return redirect(_next_open(response))
    note_read("intake.opened", request=request, patient=response.patient, obj=response)
    return _page(request, "who", response)


def _next_open(response: QuestionnaireResponse) -> str:
    """The first page nothing stands on yet, so that a form goes on where it was left; the last page where all have something."""
    for step in steps_of(response.asked):
        if not step.of(response.inputs):
            return reverse("intake:question", args=[step.number])
    return reverse("intake:check")


@while_confined
@requires("intake.hand_over")
@require_http_methods(["GET", "HEAD", "POST"])
@_for_patient
def question(request, response: QuestionnaireResponse, step: int):
    if not response.confirmed_at:
        return redirect("intake:tablet")
    steps = steps_of(response.asked)
    if not 1 <= step <= len(steps):
        return redirect("intake:check")
    here = steps[step - 1]
    if request.method != "POST":
        note_read("intake.opened", request=request, patient=response.patient, obj=response)
        return _question_page(request, response, here, len(steps))
    inputs = {} if request.POST.get("go") == "open" else _without_removed(here, here.read(request.POST), request.POST.get("remove", ""))
    try:
        kept = answering.keep(response, here, inputs, browser=request.session.row.pk, request=request)
    except answering.NotHeld:
        return _calm(request, "gone", response, status=409)
    if _by_script(request):
        return JsonResponse({"saved": True}, headers={"Cache-Control": "no-store"})
    response.inputs = kept.inputs
    go = request.POST.get("go", "next")
    if go in ("add", "stay") or request.POST.get("remove"):
        return redirect("intake:question", step)
    if go == "back":
        return redirect("intake:question", step - 1) if step > 1 else redirect("intake:question", 1)
    faults = {name: words for name, words in answering.faults_of(response).items() if here.holds(name)}
    if faults:
        return _question_page(request, response, here, len(steps), faults=faults)
    if request.POST.get("check") or step == len(steps):
        return redirect("intake:check")
    return redirect("intake:question", step + 1)


def _without_removed(step: Step, inputs: dict, which: str) -> dict:
    return {name: value for name, value in inputs.items() if not which or not name.startswith(f"{which}.")}


def _fault_words(name: str, words) -> str:
    """What is wrong, in the patient's language: what the reader says is in the clinic's."""
    if name.startswith("q."):
        return words["fault_mark"]
    if name.endswith((".date", ".stopped")):
        return words["fault_date"]
    return {
        "year": words["fault_year"],
        "name": words["fault_medicine"],
        "substance": words["fault_allergy"],
    }.get(name.rpartition(".")[2], words["fault_other"])


def _question_page(request, response, step: Step, count: int, *, faults=None):
    words = words_in(response.language)
    said = {name: _fault_words(name, words) for name in faults or {}}
    context = {
        "step": step,
        "count": count,
        "progress": words["question_of"].format(number=step.number, all=count),
        "faults": said,
        "to_check": bool(request.POST.get("check") or request.GET.get("check")),
    }
    if step.is_list:
        context |= _list_context(response, step, words, said)
        return _page(request, "list", response, status=422 if said else 200, **context)
    shown = asked_in(reading.questions(response)[step.code], response.language)
    panel = reading.panel(response, reading.read(response))
    field = next(one for one in panel.questions if one["id"] == step.code)
    field["fault"] = said.get(f"q.{step.code}", "")
    for cover in field["covers"]:
        cover["shown"] = shown.by_rule[cover["id"]]
        if cover["date"]:
            cover["date"].fault = said.get(cover["date"].name, "")
    context |= {"question": field, "asked": shown, "zones": panel.zone_options}
    return _page(request, "question", response, status=422 if said else 200, **context)


def _list_context(response, step: Step, words, faults: dict[str, str]) -> dict:
    kind, columns = LISTS[step.code]
    there = rows(response.inputs, kind)
    answer = one(response.inputs, f"{step.code}_asked")
    numbers = [number for number, _ in there]
    free = max(numbers, default=-1) + 1
    if free < MOST_LINES:
        numbers.append(free)
    lines = [
        {
            "row": f"{kind}.{number}",
            "place": place,
            "empty": number == free,
            **{
                column: {
                    "name": f"{kind}.{number}.{column}",
                    "value": one(response.inputs, f"{kind}.{number}.{column}"),
                    "fault": faults.get(f"{kind}.{number}.{column}", ""),
                }
                for column in columns
            },
        }
        for place, number in enumerate(numbers, start=1)
    ]
    return {
        "lines": lines,
        "yes": answer == "listed" or bool(there),
        "no": answer == "none" and not there,
        "ask": words[f"{step.code}_ask"],
        "help": words[f"{step.code}_help"],
        "title": words[f"{step.code}_title"],
    }


@while_confined
@requires("intake.hand_over")
@require_http_methods(["GET", "HEAD", "POST"])
@_for_patient
def check(request, response: QuestionnaireResponse):
    """Everything once more, and the press that sends it."""
    if not response.confirmed_at:
        return redirect("intake:tablet")
    if request.method != "POST":
        note_read("intake.opened", request=request, patient=response.patient, obj=response)
        return _check_page(request, response)
    try:
        sent = answering.send(response, browser=request.session.row.pk, request=request)
    except answering.NotHeld:
        return _calm(request, "gone", response, status=409)
    except answering.Unfinished:
        return _check_page(request, response, status=422)
    except answering.NothingAnswered:
        return _check_page(request, response, empty=True, status=422)
    return _calm(request, "thanks", sent)


def _check_page(request, response, *, empty: bool = False, status: int = 200):
    words = words_in(response.language)
    faults = answering.faults_of(response)
    known = reading.questions(response)
    lines = []
    for step in steps_of(response.asked):
        wrong = any(step.holds(name) for name in faults)
        if step.is_list:
            kind, columns = LISTS[step.code]
            listed = [fields.get(columns[0], "") for _, fields in rows(response.inputs, kind)]
            said = listed or ([words["no"]] if one(response.inputs, f"{step.code}_asked") == "none" else [])
            lines.append({"step": step, "text": words[f"{step.code}_ask"], "lang": response.language, "said": said, "wrong": wrong})
        elif step.code in known:
            shown = asked_in(known[step.code], response.language)
            answer = one(response.inputs, f"q.{step.code}")
            said = [words[answer]] if answer in ("yes", "no") else []
            marked = response.inputs.get(f"rule.{step.code}", [])
            said += [cover.label for cover in shown.covers if answer == "yes" and cover.rule in marked]
            lines.append({"step": step, "text": shown.text, "lang": shown.language, "said": said, "wrong": wrong})
    context = {"lines": lines, "empty": empty, "wrong": bool(faults), "errors_on_page": status != 200}
    return _page(request, "check", response, status=status, **context)


@require_POST
@while_confined
@requires("intake.hand_over")
def medicine_names(request):
    """Names of medicines while one types. Only names go out: what they are for is the clinic's to say."""
    response = tablet.held(request)
    if response is None or not response.is_open or confined.is_left(request):
        return JsonResponse({"names": []}, headers={"Cache-Control": "no-store"})
    confined.touched(request)
    found = offer(catalogue_of(response.protocol_version).knowledge, request.POST.get("typed", "")[:200])
    return JsonResponse({"names": [{"name": name.shown, "words": ""} for name in found]}, headers={"Cache-Control": "no-store"})


@sensitive_post_parameters()
@while_confined
@requires("intake.hand_over")
@require_http_methods(["GET", "HEAD", "POST"])
def staff(request):
    """The tablet back to staff, by the PIN or password of who is signed in."""
    if not tablet.is_handed(request):
        return redirect("clinic:today")
    response = tablet.held(request)
    if request.method != "POST":
        return _staff_page(request)
    opening = confined.take_back(request, request.POST.get("typed", "")[:200])
    if opening is Opening.ENDED:
        return ended(request)
    if opening is Opening.WRONG:
        left = tries_in_words(tries_left(request.session.row))
        return _staff_page(
            request, said=gettext("That does not match. %(left)s left, then you have to sign in in full.") % {"left": left}, status=422
        )
    handing.given_back(response, request=request)
    if response is None:
        return redirect("clinic:today")
    return redirect("intake:patient", response.patient.person.number)


def _staff_page(request, *, said: str = "", status: int = 200):
    context = {"said": said, "has_pin": has_pin(request.user), "errors_on_page": bool(said)}
    return render(request, "intake/tablet/staff.html", context, status=status)
