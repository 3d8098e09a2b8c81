"""Open questions about a service as switches, each with its positions."""

from collections.abc import Iterator
from typing import Self, get_args

from pydantic import BaseModel, ConfigDict


class Switches(BaseModel):
    """One field for each open question: a literal type with all positions, the likeliest as its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def every_position(cls) -> Iterator[tuple[str, Self]]:
        """Yield the defaults, then each switch moved alone to each of its other positions.

        Yields:
            A label for people, such as `retry_after=both`, and the positions.
        """
        yield "defaults", cls()
        for name, field in cls.model_fields.items():
            for position in get_args(field.annotation):
                if position != field.default:
                    yield f"{name}={position}", cls.model_validate({name: position})
