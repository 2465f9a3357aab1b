"""`{% load whose %}{% for_patient patient %}` inside a form: for whom it was opened, signed (`patients.whose`)."""

from django import template
from django.utils.html import format_html

from patients import whose

register = template.Library()


@register.simple_tag
def for_patient(patient):
    return format_html('<input type="hidden" name="{}" value="{}">', whose.FIELD, whose.sealed(patient))
