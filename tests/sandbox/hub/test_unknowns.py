from typing import get_args

import pytest
from pydantic import ValidationError

from bot.sandbox.hub.unknowns import Unknowns


def test_every_position_moves_one_switch_at_a_time_through_all_its_values() -> None:
    positions = dict(Unknowns.every_position())

    switches = Unknowns.model_fields
    others = {
        f"{name}={value}"
        for name, field in switches.items()
        for value in get_args(field.annotation)
        if value != field.default
    }
    assert set(positions) == {"defaults"} | others
    for label, unknowns in positions.items():
        moved = {name for name in switches if getattr(unknowns, name) != switches[name].default}
        assert moved == ({label.partition("=")[0]} if label != "defaults" else set())


def test_every_switch_says_what_is_unknown() -> None:
    assert all(field.description for field in Unknowns.model_fields.values())


def test_positions_cannot_be_invented() -> None:
    with pytest.raises(ValidationError):
        Unknowns.model_validate({"page_size": "sometimes"})
    with pytest.raises(ValidationError):
        Unknowns.model_validate({"page_sizes": "clamped"})
