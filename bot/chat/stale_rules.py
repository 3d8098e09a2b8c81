"""The rules of `stale`: looking at them, and changing them."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.chat.command import Context, Result
from bot.chat.image_targets import NO_DATABASE, WHICH_NAMESPACE
from bot.chat.people import named
from bot.document import Code, Column, Document, Inline, Moment, Note, Paragraph, Part, Table, line, marked
from bot.errors import UserError
from bot.fleet.model import ImageName
from bot.fleet.rules import FILE, BaseRule, KeptRule, StaleRules
from bot.fleet.staleness import Rule, limit_words

ORDER = "The first one that fits a tag holds: the most specific stands first, whoever wrote it when."
BY_FILE = "They are set in the file of `HUB_BOT_CONFIG`, and changed there."
ALL_OTHERS = "all others"
NO_NAMESPACE = "any"

Change = Literal["", "added", "replaced", "unchanged", "removed", "missing"]


class RuleFacts(BaseModel):
    """A rule for tags.

    Attributes:
        pattern: A tag, or a glob for tags.
        age: `7d`, `never`.
        namespace: None: it holds in every namespace.
        set_by: A person's id, or the configuration file.
        set_at: UTC; None: by the file.
    """

    model_config = ConfigDict(frozen=True)

    pattern: str
    age: str
    namespace: str | None = None
    set_by: str = ""
    set_at: datetime | None = None


class BaseRuleFacts(BaseModel):
    """On what images are built.

    Attributes:
        image: A glob for `namespace/name`.
        base: What they are built on.
        set_by: A person's id, or the configuration file.
        set_at: UTC; None: by the file.
    """

    model_config = ConfigDict(frozen=True)

    image: str
    base: str
    set_by: str = ""
    set_at: datetime | None = None


class RulesResult(Result):
    """The rules of a namespace, and what became of them.

    Attributes:
        namespace: Whose.
        default_age: From which age on tags are stale that no rule fits.
        rules: In the order in which they hold.
        bases: Likewise.
        change: What was done; empty: nothing was to be.
        about: The pattern it was about.
        before: What held for it before; empty: nothing did.
        is_base: Whether it was about a base.
    """

    namespace: str
    default_age: str
    rules: tuple[RuleFacts, ...] = ()
    bases: tuple[BaseRuleFacts, ...] = ()
    change: Change = ""
    about: str = ""
    before: str = ""
    is_base: bool = False


def rules_of(context: Context) -> StaleRules:
    """Return what keeps the rules.

    Raises:
        UserError: There is no database.
    """
    if context.stale_rules is None:
        raise UserError(NO_DATABASE)
    return context.stale_rules


def look_at_rules(namespace: str | None, context: Context) -> RulesResult:
    """Return the rules of a namespace, the default one if none is named.

    Raises:
        UserError: There is no namespace, or no database.
        StoreUnavailableError: The database is away.
    """
    return _result(_namespace(namespace, context), context)


def add_rule(namespace: str | None, pattern: str, age: timedelta | None, context: Context) -> RulesResult:
    """Keep a rule for tags; the arguments are those of `bot.fleet.rules.StaleRules.add`.

    Raises:
        UserError: There is no namespace, or no database; or the configuration file sets the rules.
        StoreUnavailableError: The database is away.
    """
    where, rule = _namespace(namespace, context), Rule(pattern, age)
    before = rules_of(context).add(where, rule, context.asker)
    words = limit_words(before.age) if before else ""
    return _result(where, context, change=_kind(before, rule), about=pattern, before=words)


def add_base(namespace: str | None, pattern: str, base: ImageName, context: Context) -> RulesResult:
    """Keep on what images are built; a pattern without a namespace is about that of the rules.

    Raises:
        UserError: There is no namespace, or no database; or the configuration file sets the rules.
        StoreUnavailableError: The database is away.
    """
    where = _namespace(namespace, context)
    whole = pattern if "/" in pattern else f"{where}/{pattern}"
    before = rules_of(context).add_base(whole, base, context.asker)
    change = _kind(before, base)
    return _result(where, context, change=change, about=whole, before=str(before) if before else "", is_base=True)


def remove_rule(namespace: str | None, pattern: str, context: Context) -> RulesResult:
    """Forget a rule: for tags, or for a base, whose pattern has a slash.

    Raises:
        UserError: There is no namespace, or no database; or the configuration file sets the rules.
        StoreUnavailableError: The database is away.
    """
    where, rules, is_base = _namespace(namespace, context), rules_of(context), "/" in pattern
    if is_base:
        was_there = rules.remove_base(pattern.lower(), context.asker)
    else:
        was_there = rules.remove(where, pattern, context.asker)
    result = _result(where, context, change="removed" if was_there else "missing", about=pattern, is_base=is_base)
    return result.model_copy(update={"is_negative": not was_there})


def render_rules(result: RulesResult) -> Document:
    """Say what was changed, then which rules there are."""
    parts: list[Part] = [Paragraph(marked(_what_changed(result)))] if result.change else []
    parts += [_tags_table(result), Note(line(ORDER))]
    if result.bases:
        parts.append(_bases_table(result))
    if FILE in {each.set_by for each in result.rules} | {each.set_by for each in result.bases}:
        parts.append(Note(marked(BY_FILE)))
    return Document("" if result.change else f"When tags of {result.namespace} are stale", tuple(parts))


def _namespace(namespace: str | None, context: Context) -> str:
    found = namespace or context.default_namespace
    if found is None:
        raise UserError(WHICH_NAMESPACE)
    return found


def _kind(before: object, after: object) -> Change:
    return "added" if before is None else "unchanged" if before == after else "replaced"


def _result(
    namespace: str, context: Context, *, change: Change = "", about: str = "", before: str = "", is_base: bool = False
) -> RulesResult:
    rules = rules_of(context)
    found, bases = rules.all(namespace)
    return RulesResult(
        namespace=namespace,
        default_age=limit_words(rules.default),
        rules=tuple(_rule_facts(each) for each in found),
        bases=tuple(_base_facts(each) for each in bases if each.pattern.startswith(f"{namespace}/")),
        change=change,
        about=about,
        before=before,
        is_base=is_base,
    )


def _rule_facts(kept: KeptRule) -> RuleFacts:
    return RuleFacts(
        pattern=kept.rule.pattern,
        age=limit_words(kept.rule.age),
        namespace=kept.namespace,
        set_by=kept.set_by,
        set_at=kept.set_at,
    )


def _base_facts(kept: BaseRule) -> BaseRuleFacts:
    return BaseRuleFacts(image=kept.pattern, base=str(kept.base), set_by=kept.set_by, set_at=kept.set_at)


def _what_changed(result: RulesResult) -> str:
    about = _quotable(result.about)
    where = "" if result.is_base else f" of `{_quotable(result.namespace)}`"
    what = f"the base of `{about}`" if result.is_base else f"tags `{about}`{where}"
    before = f" It was `{_quotable(result.before)}`." if result.before and result.change == "replaced" else ""
    match result.change:
        case "removed":
            return f"Removed: the rule for {what}."
        case "missing":
            return f"There is no rule for {what}."
        case "unchanged":
            return f"That rule is there already: {what}."
        case _:
            return f"From now on there is a rule for {what}.{before}"


def _quotable(text: str) -> str:
    return text.replace("`", "´")


def _tags_table(result: RulesResult) -> Table:
    has_people = any(each.set_at for each in result.rules)
    columns = [Column("Tags"), Column("Stale after")]
    columns += [Column("By"), Column("Since")] if has_people else []
    rows: list[tuple[Inline, ...]] = []
    for each in result.rules:
        cells: list[Inline] = [Code(each.pattern), each.age]
        cells += [_who(each.set_by), Moment(each.set_at)] if has_people else []
        rows.append(tuple(cells))
    if not any(each.pattern == "*" for each in result.rules):
        rows.append((ALL_OTHERS if result.rules else "all", result.default_age, *(("", "") if has_people else ())))
    return Table(f"When tags of {result.namespace} are stale", tuple(columns), tuple(rows))


def _bases_table(result: RulesResult) -> Table:
    columns = (Column("Images"), Column("Are built on"), Column("By"))
    rows = tuple((Code(each.image), Code(each.base), _who(each.set_by)) for each in result.bases)
    return Table(f"What images of {result.namespace} are built on", columns, rows)


def _who(set_by: str) -> Inline:
    return set_by if set_by == FILE else named(set_by)
