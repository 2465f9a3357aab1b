"""`{% load emergency %}{% emergency_banner %}`: on every page while the record of another site's patient is open to the reader."""

from django import template

from accounts.reach import known_reach
from patients.models import EmergencyOpening

register = template.Library()


@register.inclusion_tag("patients/emergency/banner.html", takes_context=True)
def emergency_banner(context):
    request = context.get("request")
    reach = known_reach(request.user) if request is not None and hasattr(request, "user") else None
    # A page that shows a patient has asked what the reader reaches; only where something is open is anything more asked.
    if reach is None or not reach.opened:
        return {}
    rows = EmergencyOpening.objects.filter(user=request.user).open_now().select_related("patient__site").order_by("ends_at")
    return {"openings": rows, "request": request, "csrf_token": context.get("csrf_token")}
