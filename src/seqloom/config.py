"""Configuration: frozen trees of sections that are read from and written to TOML, with dotted overrides.

A section is a subclass of `Section` that stands beside the class it configures. Each field has its default and below it
one sentence, which is its documentation. An unknown key is an error that names the most similar known key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny, ValidationError
from pydantic.fields import FieldInfo

from seqloom.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

S = TypeVar("S", bound="Section")
Settings = Mapping[str, Any] | Iterable[str]
SHOULD = "input should be "
ALTERNATIVE = re.compile(r"(constrained-)?(int|float|str|bool)|(literal|tuple|function|nullable|is-instance)\[.*")
"""Names that pydantic puts into the location of an error for the alternatives of a type; they are no settings."""


class Section(BaseModel):
    """A frozen group of settings; the sentence below each field documents it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        coerce_numbers_to_str=True,  # `--set data.source=2` names a column
    )

    def replace(self: S, **changes: Any) -> S:
        """A validated copy with some settings changed; these count as given, the others as before."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        changed = type(self).model_validate({**values, **changes})
        changed.__pydantic_fields_set__.intersection_update(self.model_fields_set | changes.keys())
        return changed

    @property
    def given_values(self) -> dict[str, Any]:
        """The settings that were given, as opposed to those that have their default, as plain nested values.

        The kind of a member of a family counts as given if it is not the family's first, however it came there.
        """
        values: dict[str, Any] = {}
        for name in sorted(self.model_fields_set):
            value = getattr(self, name)
            if not isinstance(value, Section):
                values[name] = value
                continue
            inner, kind = value.given_values, getattr(value, "kind", None)
            choosers = [mark for mark in type(self).model_fields[name].metadata if isinstance(mark, OneOf)]
            if choosers and (inner or kind != next(iter(choosers[0].table()))):
                inner = {"kind": kind, **inner}
            values |= {name: inner} if inner else {}
        return values

    @property
    def unused(self) -> frozenset[str]:
        """Names of settings that mean nothing beside the others; they have their defaults and are not written."""
        return frozenset()

    @property
    def given(self) -> frozenset[str]:
        """The dotted names of `given_values`."""
        return frozenset(_dotted(self.given_values))


class OneOf:
    """Marks a field whose section class is chosen by `kind` from the table of a family.

    `attention = "dot"` is short for `attention = {kind = "dot"}`. The table is looked up when settings are validated,
    so that members of plugins are among those that an error or a comment names.
    """

    def __init__(self, family: str, table: Callable[[], Mapping[str, type[Section]]]) -> None:
        self.family, self.table = family, table

    def choose(self, value: Any) -> Any:
        """Turn a bare kind, or a mapping with a `kind`, into a section; None and sections are returned unchanged."""
        if value is None or isinstance(value, Section):
            return value
        if not isinstance(value, str | Mapping):
            raise ValueError(f"{self.family}: a name or a table of settings is wanted, not {value!r}")
        given = {"kind": value} if isinstance(value, str) else dict(value)
        table = self.table()
        kind = given.get("kind", next(iter(table)))
        if kind not in table:
            raise ValueError(f"{kind!r} is not a known {self.family}; {suggestion(str(kind), table)}")
        return build(table[kind], given, nested=True)


class Named:
    """Marks a field that holds the name of a member of a family, or several: `table` is the name of its table.

    `known` are the names that a comment on the field lists; by default it lists none.
    """

    def __init__(self, table: str, known: Callable[[], Iterable[str]] = tuple) -> None:
        self.table, self.known = table, known


def one_of(family: str, table: Callable[[], Mapping[str, type[Section]]]) -> tuple[Any, ...]:
    """Metadata of a field that takes a member of a family: `Annotated[Base, *one_of("cell", lambda: CELL_CONFIGS)]`."""
    chooser = OneOf(family, table)
    return (SerializeAsAny(), BeforeValidator(chooser.choose), chooser)  # type: ignore[type-arg]


def build(section: type[S], values: Mapping[str, Any], *, where: str = "", within: str = "", nested: bool = False) -> S:
    """Build a section from plain values; raises `ConfigError` that names the full dotted key.

    With `nested`, pydantic's own error is raised, so that the outer call can put its location before the key.
    """
    try:
        return section.model_validate(dict(values))
    except ValidationError as error:
        if nested:
            raise
        raise _explain(section, error, where, within) from None


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file into plain values; raises `ConfigError` if it cannot be read."""
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("the configuration file does not exist", where=str(path)) from None
    except (IsADirectoryError, PermissionError, UnicodeDecodeError) as error:
        raise ConfigError(f"the configuration file cannot be read: {error}", where=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"must be TOML: {error}", where=str(path)) from None


def override(values: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Apply assignments such as `model.encoder.layers=2` to a copy of `values`; the values are read as TOML."""
    result = _copied(values)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        parts = [part.strip() for part in key.split(".")]
        if not equals or not all(parts):
            raise ConfigError(f"--set takes section.key=value, not {assignment!r}", hint="--set model.hidden=512")
        place = result
        for part in parts[:-1]:
            inner = place.get(part)
            if isinstance(inner, str):  # a family member given by its bare name
                inner = {"kind": inner}
            place[part] = inner if isinstance(inner, dict) else {}
            place = place[part]
        place[parts[-1]] = _toml_value(text.strip())
    return result


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `base` with `changes` merged into it section by section; a new `kind` replaces the whole section."""
    result = _copied(base)
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(old, str) and isinstance(value, Mapping):  # a family member given by its bare name
            old = {"kind": old}
        if isinstance(old, dict) and isinstance(value, Mapping):
            switched = "kind" in value and value["kind"] != old.get("kind", value["kind"])
            result[key] = dict(value) if switched else merged(old, value)
        else:
            result[key] = _copied(value) if isinstance(value, Mapping) else value
    return result


def laid_over(values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Merge settings into plain values; settings are nested or dotted mappings, or strings `section.key=value`."""
    if not isinstance(settings, Mapping):
        return override(values, [settings] if isinstance(settings, str) else settings)
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        first, dot, rest = key.partition(".")
        plain = laid_over({}, value) if isinstance(value, Mapping) else value
        nested = merged(nested, {first: laid_over({}, {rest: plain}) if dot else plain})
    return merged(values, nested)


def to_toml(section: Section, *, comments: bool = False, left_open: Collection[str] = ()) -> str:
    """Write a section as TOML that reads back as an equal section; `comments` puts each setting's sentence above it.

    Settings whose dotted names are `left_open` are written as comments, so that reading them does not give them.
    """
    import tomlkit  # noqa: PLC0415 - reading settings is quicker without it

    document = tomlkit.document()
    _fill(document, section, comments, frozenset(left_open))
    return tomlkit.dumps(document)


@cache
def sentences(section: type[Section]) -> Mapping[str, str]:
    """The sentence below each field, read from the source code of the class and its base classes."""
    import ast  # noqa: PLC0415 - few ask for it
    import inspect  # noqa: PLC0415
    import textwrap  # noqa: PLC0415

    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if base is Section or not issubclass(base, Section):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for field, below in pairwise(definition.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = " ".join(text.split())
    return found


def differences(first: Any, second: Any, key: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any, Any]]:
    """The differences between two trees of plain values: each path with its two values (None if missing)."""
    if isinstance(first, dict) and isinstance(second, dict):
        names = [*first, *(name for name in second if name not in first)]
        return [each for name in names for each in differences(first.get(name), second.get(name), (*key, name))]
    return [] if first == second else [(key, first, second)]


def _dotted(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield from _dotted(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [f"{prefix}{name}"]


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in values.items()}


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string


def _fill(
    table: TOMLDocument | Table, section: Section, comments: bool, left_open: frozenset[str], prefix: str = ""
) -> None:
    import tomlkit  # noqa: PLC0415

    fields = {name: field for name, field in type(section).model_fields.items() if name not in section.unused}
    said = sentences(type(section)) if comments else {}
    inners = {name: inner for name in fields if isinstance(inner := getattr(section, name), Section)}
    for name in (name for name in fields if name not in inners):
        value = getattr(section, name)
        if comments:
            _comment(table, said.get(name, ""), fields[name])
        if f"{prefix}{name}" in left_open:
            shown = "" if value is None else f"{tomlkit.item(value).as_string()} "
            table.add(tomlkit.comment(f"{name} = {shown}(not set: chosen for the pairs)"))
        elif value is None:
            if comments:
                table.add(tomlkit.comment(f"{name} = (not set)"))
        else:
            table.add(name, list(value) if isinstance(value, tuple) else value)
    for name, inner in inners.items():
        if comments:
            table.add(tomlkit.nl())
            _comment(table, said.get(name, ""), fields[name])
        if f"{prefix}{name}" in left_open:
            table.add(tomlkit.comment(f"{prefix}{name} (not set: chosen for the pairs)"))
        else:
            child = tomlkit.table()
            _fill(child, inner, comments, left_open, f"{prefix}{name}.")
            table.add(name, child)


def _comment(table: TOMLDocument | Table, text: str, field: FieldInfo) -> None:
    import tomlkit  # noqa: PLC0415

    choices = [str(choice) for choice in get_args(field.annotation) if isinstance(choice, str)]
    choices += [name for mark in field.metadata if isinstance(mark, Named) for name in mark.known()]
    if choices:
        text = f"{text} One of: {', '.join(choices)}."
    for chooser in field.metadata:
        if isinstance(chooser, OneOf):
            text = f"{text} Kinds: {', '.join(chooser.table())}."
    if text:
        table.add(tomlkit.comment(text))


def _explain(section: type[Section], error: ValidationError, where: str, within: str) -> ConfigError:
    """Turn the first complaint of pydantic into a `ConfigError` with the wording of this package."""
    first, *others = error.errors()
    path = _setting(first["loc"])
    key = ".".join([within, *path] if within else path)
    if first["type"] == "extra_forbidden":
        return ConfigError(f"{key} is not a setting", where=where, hint=_nearest(section, path, within))
    reason = first["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    if reason.startswith(SHOULD):
        same = [other["msg"].removeprefix(SHOULD.capitalize()) for other in others if _setting(other["loc"]) == path]
        allowed = [each.partition(", unable to")[0] for each in (reason.removeprefix(SHOULD), *same)]
        reason = "must be " + " or ".join(dict.fromkeys(allowed))
    said = first["type"] == "value_error" or isinstance(
        first["input"], Mapping | Section
    )  # our own messages name the value themselves
    came = "" if said else f", not {first['input']!r}"
    return ConfigError(f"{key}: {reason}{came}" if key else reason, where=where)


def _setting(location: Sequence[int | str]) -> list[str]:
    """The dotted path of a setting as a list, without the names that pydantic adds for alternatives of a type."""
    return [str(part) for part in location if not ALTERNATIVE.fullmatch(str(part))]


def known_keys(section: type[Section], path: list[str]) -> list[str]:
    """The names of the settings in the section at `path` below `section`; for a family, those of all its members."""
    return sorted({name for candidate in _sections(section, path) for name in candidate.model_fields})


def _sections(section: type[Section], path: list[str]) -> list[type[Section]]:
    """The sections that can lie at `path` below `section`: one, or every member of a family."""
    layer: list[type[Section]] = [section]
    for part in path:
        below: list[type[Section]] = []
        for candidate in layer:
            field = candidate.model_fields.get(part)
            if field is None:
                continue
            choosers = [meta for meta in field.metadata if isinstance(meta, OneOf)]
            if choosers:
                below += list(choosers[0].table().values())
            elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                below.append(field.annotation)
        layer = below
    return layer


def _nearest(section: type[Section], path: list[str], within: str) -> str:
    """A hint for a setting that a section does not have: the kinds that have it, or the nearest name."""
    name, known = path[-1], known_keys(section, path[:-1])
    if name not in known:
        members = _sections(section, path[:-1])
        rare = [each for each in known if any(each not in m.model_fields for m in members)]
        return suggestion(name, known, rare, before="".join(f"{each}." for each in (within, *path[:-1]) if each))
    owners = [each.model_fields for each in _sections(section, path[:-1]) if name in each.model_fields]
    return f"of this family it is a setting of: {', '.join(str(each['kind'].default) for each in owners)}"
