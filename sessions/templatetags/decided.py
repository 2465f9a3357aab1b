from django import template

from sessions.services.gate import decided_words

register = template.Library()
register.filter("decided_words", decided_words)
