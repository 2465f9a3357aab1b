"""The bench of a version, the case behind a row, and the clinic's own cases."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import may, requires
from audit.services import note_read
from planner.errors import KnowledgeFaults, PolicyFaults
from planner.expectations import SHAPES, VOCABULARY, protective
from planner.propose import propose

from ..fault_words import said
from ..forms import CaseForm, SwitchForm
from ..forms.bench import as_text
from ..knowledge import DocumentChanged, knowledge_of
from ..library import library_case, project_cases
from ..models import ProtocolCase, ProtocolVersion
from ..regression import against_of, bench_of
from ..services import current_version
from ..services.cases import (
    CaseNameTaken,
    ExpectsUnknown,
    ProtocolRefused,
    StaleCase,
    add_case,
    edit_case,
    project_case_named,
    switch_case,
    unknown_names,
)
from .versions import version_named

SHOWN = {"changed": gettext_lazy("Changed or failing"), "failing": gettext_lazy("Failing"), "all": pgettext_lazy("cases", "All")}


def _bench(request, name: str):
    """The version, what it is compared with, and the bench; None and the reason where it cannot run."""
    version = version_named(name)
    wanted = request.GET.get("against", "")
    others = list(ProtocolVersion.objects.exclude(pk=version.pk).filter(is_whole=True).defer("document"))
    against = next((other for other in others if other.version == wanted), None) or against_of(version)
    try:
        return version, against, others, bench_of(version, against), ""
    except KnowledgeFaults as error:
        return version, against, others, None, " ".join(f"{said(str(fault))}." for fault in error.faults[:3])
    except DocumentChanged as error:
        return version, against, others, None, str(error)


@requires("protocols.view")
@require_safe
def bench_page(request, version):
    stored, against, others, found, problem = _bench(request, version)
    show = request.GET.get("show", "changed")
    show = show if show in SHOWN else "changed"
    rows = []
    if found is not None:
        tests = {"changed": lambda row: row.is_changed or row.is_failing, "failing": lambda row: row.is_failing, "all": lambda row: True}
        rows = sorted(filter(tests[show], found.rows), key=lambda row: (not row.blocks, not row.is_failing))
    note_read("protocol.bench_viewed", request=request, obj=stored)
    return render(
        request,
        "protocols/bench/bench.html",
        {
            "version": stored,
            "against": against,
            "others": others,
            "bench": found,
            "problem": problem,
            "rows": rows,
            "show": show,
            "choices": SHOWN.items(),
            "words_only": sum(row.comparison.in_words_only for row in found.rows) if found else 0,
            "off": ProtocolCase.objects.filter(is_active=False).count(),
        },
    )


@requires("protocols.view")
@require_safe
def bench_case(request, version, key):
    """One case under both versions: what differs, the steps behind it, what is expected, the case itself."""
    stored, against, _others, found, problem = _bench(request, version)
    if found is None:
        messages.error(request, _("The bench cannot run. %(why)s") % {"why": problem})
        return redirect("protocols:bench", version)
    row = next((row for row in found.rows if row.case.key == key), None)
    if row is None:
        raise Http404
    note_read("protocol.bench_viewed", request=request, obj=stored, detail={"case": row.case.key})
    return render(
        request,
        "protocols/bench/case.html",
        {
            "version": stored,
            "against": against,
            "row": row,
            "case_text": as_text(dict(row.case.case)),
            "expect_text": as_text(dict(row.case.expect)),
            "exact_text": as_text(dict(row.case.exact)),
        },
    )


# -- the clinic's own cases --------------------------------------------------------------------------------------------


@requires("protocols.view")
@require_safe
def case_list(request):
    rows = list(ProtocolCase.objects.select_related("created_by", "changed_by"))
    replaced = {case.name for case in project_cases()}
    for row in rows:
        row.replaces = row.name in replaced
        row.faults = library_case(row.name, row.case, row.expect, must_hold=row.must_hold).faults or unknown_names(row.expect)
    note_read("protocol.cases_viewed", request=request)
    own = {row.name for row in rows}
    return render(
        request,
        "protocols/bench/cases.html",
        {"rows": rows, "project": [case for case in project_cases() if case.name not in own], "current": current_version()},
    )


def _vocabulary():
    return [(name, found.meaning, SHAPES[found.shape][1]) for name, found in VOCABULARY.items()]


def _suggested(form: CaseForm) -> str:
    """What the version in use gives for the typed case, as expectations that protect."""
    case, version = form.cleaned_data.get("case"), current_version()
    if case is None or version is None:
        return ""
    entry = library_case("", case, {}, must_hold=False)
    if entry.parsed is None:
        return ""
    try:
        return as_text(protective(propose(entry.parsed, knowledge_of(version)).as_mapping()))
    except (KnowledgeFaults, DocumentChanged, PolicyFaults):
        return ""


def _with_suggestion(request, form: CaseForm, **fixed) -> CaseForm:
    """The form as typed, with expectations filled in; faults of the case stay beside it."""
    form.is_valid()
    text = _suggested(form)
    if not text:
        return form
    data = request.POST.copy()
    data["expect"] = text
    return CaseForm(data, **fixed)


def _page(request, form, *, row=None, stale=None, status=200, switch=None):
    context = {"form": form, "row": row, "stale": stale, "vocabulary": _vocabulary(), "current": current_version(), "switch": switch}
    context["replaced"] = project_case_named(row.name) if row is not None else None
    return render(request, "protocols/bench/case_form.html", context, status=status)


@requires("protocols.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def case_add(request):
    """Paste a case, or begin with one of the project's, which the clinic's own then replaces."""
    fixed = {"may_decide": may(request.user, "protocols.approve")}
    if request.method != "POST":
        begun = next((case for case in project_cases() if case.key == request.GET.get("from", "")), None)
        initial = {}
        if begun is not None:
            initial = {
                "name": begun.name,
                "note": begun.why,
                "case": as_text(dict(begun.case)),
                "expect": as_text(dict(begun.expect)),
                "must_hold": begun.must_hold,
            }
        return _page(request, CaseForm(initial=initial, **fixed))
    form = CaseForm(request.POST, **fixed)
    if "suggest" in request.POST:
        return _page(request, _with_suggestion(request, form, **fixed))
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = add_case(
                name=data["name"], case=data["case"], expect=data["expect"], must_hold=data["must_hold"], note=data["note"], by=request.user
            )
        except CaseNameTaken as refusal:
            form.add_error("name", str(refusal))
        except ExpectsUnknown as refusal:
            form.add_error("expect", str(refusal))
        except ProtocolRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Case “%(name)s” kept.") % {"name": row.name})
            return redirect("protocols:cases")
    return _page(request, form, status=422)


def _row(pk: int) -> ProtocolCase:
    return get_object_or_404(ProtocolCase.objects.select_related("created_by", "changed_by"), pk=pk)


def _of_row(row: ProtocolCase) -> dict:
    return {
        "name": row.name,
        "note": row.note,
        "case": as_text(row.case),
        "expect": as_text(row.expect),
        "must_hold": row.must_hold,
        "lock_version": row.lock_version,
    }


@requires("protocols.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def case_edit(request, pk):
    row = _row(pk)
    fixed = {"may_decide": may(request.user, "protocols.approve"), "held": row.must_hold}
    if request.method != "POST":
        note_read("protocol.case_viewed", request=request, obj=row)
        return _page(request, CaseForm(initial=_of_row(row), **fixed), row=row)
    form = CaseForm(request.POST, initial={"must_hold": row.must_hold}, **fixed)
    if "suggest" in request.POST:
        return _page(request, _with_suggestion(request, form, initial={"must_hold": row.must_hold}, **fixed), row=row)
    if form.is_valid():
        data = form.cleaned_data
        try:
            edit_case(
                row,
                lock_version=data["lock_version"] or 0,
                name=data["name"],
                case=data["case"],
                expect=data["expect"],
                must_hold=data["must_hold"],
                note=data["note"],
                by=request.user,
            )
        except StaleCase as conflict:
            return _conflict(request, form, conflict.row, fixed)
        except CaseNameTaken as refusal:
            form.add_error("name", str(refusal))
        except ExpectsUnknown as refusal:
            form.add_error("expect", str(refusal))
        except ProtocolRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Case “%(name)s” saved.") % {"name": data["name"]})
            return redirect("protocols:cases")
    return _page(request, form, row=row, status=422)


def _conflict(request, form: CaseForm, row: ProtocolCase, fixed: dict):
    """What a colleague saved beside what was typed; sending it again keeps what was typed."""
    saved = _of_row(row)
    words = {"must_hold": {True: _("yes"), False: _("no")}}
    differs = []
    for name in ("name", "note", "case", "expect", "must_hold"):
        typed = form.cleaned_data[name]
        theirs, yours = saved[name], as_text(typed) if name in ("case", "expect") else typed
        if theirs != yours:
            differs.append(
                {
                    "what": form.fields[name].label,
                    "theirs": words.get(name, {}).get(theirs, theirs),
                    "yours": words.get(name, {}).get(yours, yours),
                }
            )
    data = request.POST.copy()
    data["lock_version"] = str(row.lock_version)
    again = CaseForm(data, initial={"must_hold": row.must_hold}, **fixed)
    return _page(request, again, row=row, stale={"by": row.changed_by, "at": row.changed_at, "differs": differs}, status=409)


@requires("protocols.edit")
@require_POST
def case_switch(request, pk):
    row = _row(pk)
    form = SwitchForm(request.POST)
    fixed = {"may_decide": may(request.user, "protocols.approve"), "held": row.must_hold}
    if form.is_valid():
        data = form.cleaned_data
        try:
            switch_case(row, on=data["on"], lock_version=data["lock_version"], reason=data["reason"], by=request.user)
        except StaleCase as conflict:
            stale = {"by": conflict.row.changed_by, "at": conflict.row.changed_at, "differs": []}
            return _page(request, CaseForm(initial=_of_row(conflict.row), **fixed), row=conflict.row, stale=stale, switch=form, status=409)
        except ProtocolRefused as refusal:
            form.add_error("reason", str(refusal))
        else:
            text = _("Case “%(name)s” is switched on.") if data["on"] else _("Case “%(name)s” is switched off.")
            messages.success(request, text % {"name": row.name})
            return redirect(f"{reverse('protocols:cases')}#case-{row.pk}")
    return _page(request, CaseForm(initial=_of_row(row), **fixed), row=row, switch=form, status=422)
