"""What several fields must be together, for the tables whose rules no single field can say.

Where Slack's wording is recorded it is used; the rest are in its manner, inferred.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.slack.blockkit.rules import Inspection, Law, Place


def at_least_one_of(*names: str) -> Law:
    """Ask for one of the fields, or several. Recorded of sections: the pointer leads to the type."""

    def check(value: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
        if not any(name in value for name in names):
            place = at / "type" if "type" in value else at
            inspection.failed(place, f"must define either {' or '.join(f'`{name}`' for name in names)}", type="any_of")

    return check


def exactly_one_of(*names: str) -> Law:
    """Ask for one of the fields and no second. Recorded of images without any: the first is missing."""

    def check(value: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
        given = [name for name in names if name in value]
        if not given:
            inspection.missing(at, names[0])
        elif len(given) > 1:
            inspection.failed(at, "failed to match exactly one allowed schema", type="one_of")

    return check


def not_together(*names: str) -> Law:
    """Refuse several fields that exclude each other."""

    def check(value: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
        if all(name in value for name in names):
            inspection.failed(at, "failed because matched disallowed schema", type="not")

    return check


def unique(items: str, name: str) -> Law:
    """Ask that no two objects of a list have the same value of a field; those without it are left in peace."""

    def check(value: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
        seen: set[str] = set()
        for index, item in enumerate(value.get(items, ())):
            found = item.get(name)
            if found in seen:
                already_exists(at / items / index / name, name, found, inspection)
            elif found is not None:
                seen.add(found)

    return check


def already_exists(at: Place, name: str, value: str, inspection: Inspection) -> None:
    """Note an identifier that was used before. Recorded of action ids in one block."""
    inspection.failed(at, f'`{name}` "{value}" already exists', type="unique_items", got=value)


def ordered(least: str, most: str, *, read: Callable[[Any], Any] = int) -> Law:
    """Ask that one number, if both are given, is not larger than the other; `read` makes numbers of what is written."""

    def check(value: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
        if least in value and most in value and read(value[least]) > read(value[most]):
            message = f"`{least}` must not be greater than `{most}`"
            inspection.failed(at / least, message, type="maximum", expected=value[most], got=value[least])

    return check


def initial_among_options(name: str) -> Law:
    """Ask that what is selected at first, one option or a list, equals options that are offered."""

    def check(value: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
        groups = value.get("option_groups", ())
        offered = {_written(option) for option in value.get("options", ())}
        offered |= {_written(option) for group in groups for option in group["options"]}
        chosen = value.get(name, [])
        if isinstance(chosen, list):
            places = [(at / name / index, option) for index, option in enumerate(chosen)]
        else:
            places = [(at / name, chosen)]
        for place, option in places:
            if _written(option) not in offered:
                inspection.failed(place, f"`{name}` must match one of the options", type="enum")

    return check


def _written(option: Mapping[str, Any]) -> str:
    # As text, so that a hundred options and a hundred choices are two hundred steps and not ten thousand.
    return json.dumps(option, sort_keys=True)
