"""What covers a page when its session is locked or over; once in base.html."""

from django import template
from django.conf import settings
from django.templatetags.static import static

from ..desk.who import who_is

register = template.Library()


@register.inclusion_tag("accounts/desk/layer.html", takes_context=True)
def desk_layer(context):
    request = context["request"]
    return {
        "request": request,
        "who": who_is(request.user),
        "idle": settings.IDLE_LOCK_SECONDS,
        "icons": static("img/icons.svg"),
        "clinic_settings": context.get("clinic_settings"),
        "csrf_token": context.get("csrf_token"),
    }
