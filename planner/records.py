"""
`@record(frozen=True, slots=True)`: a dataclass nobody changes once it is made. The type checker refuses every assignment to
its fields; at run time they are plain slots, which are filled several times faster than those of a frozen dataclass. A
proposal makes hundreds of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen: bool, slots: bool) -> Any:
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["record"]
