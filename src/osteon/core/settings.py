"""Settings: frozen, complete, unknown keys refused with the nearest name."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from osteon.errors import SettingsError

__all__ = ["Settings", "load_settings", "read_named", "read_settings", "with_overrides"]


class Settings(BaseModel):
    """Base of every group of settings: cannot be changed, refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def resolved(self) -> dict[str, Any]:
        """Every setting with its value, as plain JSON types: what a manifest keeps."""
        return self.model_dump(mode="json")

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Make a copy with (possibly nested) values replaced, checked as if written by hand."""
        return load_settings(type(self), _merged(self.resolved(), values))


S = TypeVar("S", bound=Settings)


def load_settings(kind: type[S], values: Mapping[str, Any]) -> S:
    """Build settings from a mapping.

    Raises
    ------
    SettingsError
        If a key is unknown (the nearest name is given) or a value is not allowed.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = [_explain(kind, item) for item in error.errors()]
        raise SettingsError("; ".join(lines)) from error


def read_settings(kind: type[S], path: Path, what: str) -> S:
    """Build settings from a YAML file; ``what`` names it in messages.

    Raises
    ------
    SettingsError
        If the file cannot be read or is no mapping, a key is unknown or a value not allowed.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{what} {path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{what} {path} is no mapping of names to values")
    return load_settings(kind, content)


def read_named(kind: type[S], name: str, folder: Path, what: str) -> S:
    """Build settings from the YAML file of that name in a folder, or from any file of its shape.

    Raises
    ------
    SettingsError
        If there is no such name or file (``what`` names it, the names in the folder are told), or
        as of :func:`read_settings`.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    path = folder / f"{name}.yaml" if name in known else Path(name)
    if not path.is_file():
        raise SettingsError(
            f"no {what} {name!r}",
            remedy=f"one of {', '.join(known)}, or the path of a YAML file like theirs",
        )
    return read_settings(kind, path, what)


def with_overrides(settings: S, assignments: Sequence[str]) -> S:
    """Apply ``a.b=c`` assignments; values are read as YAML.

    Raises
    ------
    SettingsError
        If an assignment has no ``=``, names an unknown key or gives a value not allowed.

    Examples
    --------
    >>> class Fit(Settings):
    ...     epochs: int = 3
    >>> with_overrides(Fit(), ["epochs=5"]).epochs
    5
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise SettingsError(
                f"got {assignment!r}, wanted name=value", remedy="write --set a.b=c"
            )
        node = values
        *parents, last = path.split(".")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = yaml.safe_load(text)
    return settings.changed(values)


def _merged(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in values.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return result


def _explain(kind: type[BaseModel], item: Any) -> str:
    path = [str(part) for part in item["loc"]]
    name = ".".join(path)
    if item["type"] != "extra_forbidden":
        return f"{name}: got {item.get('input')!r}: {item['msg']}"
    near = difflib.get_close_matches(path[-1], _names_beside(kind, path), n=1, cutoff=0.0)
    return f"{name} is not a setting" + (f": did you mean {near[0]}?" if near else "")


def _names_beside(kind: type[BaseModel], path: list[str]) -> list[str]:
    current: Any = kind
    for part in path[:-1]:
        field = getattr(current, "model_fields", {}).get(part)
        current = None if field is None else field.annotation
    return list(getattr(current, "model_fields", {}))
