from sessions.migrations import __path__ as _before

__path__ = [*_before, *__path__]
