"""`blocks.validate`. Source: https://docs.slack.dev/reference/methods/blocks.validate."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from bot.sandbox.slack.blockkit import Problem, blocks_problems, message_problems, view_problems
from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.unknowns import SlackUnknowns

Check = Callable[[Any, SlackUnknowns], list[Problem]]


def validate(call: Call) -> Payload:
    """Answer `blocks.validate`."""
    given = [name for name in CHECKS if name in call.arguments]
    if len(given) != 1:
        raise Refusal.with_messages("invalid_arguments", "provide exactly one of `blocks`, `view`, or `message`")
    name = given[0]
    problems = CHECKS[name](call.arguments.structure(name, "invalid_arguments"), call.unknowns)
    if problems:
        raise Refusal(f"invalid_{name}", errors=[_described(each) for each in problems])
    return {}


def _described(problem: Problem) -> Payload:
    return {name: value for name, value in asdict(problem).items() if value is not None}


def _blocks(value: object, unknowns: SlackUnknowns) -> list[Problem]:
    return blocks_problems(value, "message", unknowns)


CHECKS: Mapping[str, Check] = {"blocks": _blocks, "message": message_problems, "view": view_problems}
