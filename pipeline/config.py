"""Settings: one TOML file, every key optional; the environment overrides; secrets may come from files.

Precedence: command line, then environment, then file, then the defaults below. ``NEWSWIRE_KAFKA`` overrides ``kafka``,
``NEWSWIRE_FETCH_USER_AGENT`` overrides ``user_agent`` of ``[fetch]``. ``NAME_FILE`` names a file that holds the
value of ``NAME``, as container platforms hand out secrets; in the file any text may be ``{env = "NAME"}`` or
``{file = "PATH"}`` instead. This is the only module that reads environment or file.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
import platformdirs

from pipeline.errors import UsageError
from pipeline.networks import masked as masked_address
from pipeline.plain_words import TomlError, invalid, not_utf8, os_words, read_toml
from pipeline.references import secret
from pipeline.settings import Alerts as Alerts
from pipeline.settings import Backup as Backup
from pipeline.settings import Deduplicate as Deduplicate
from pipeline.settings import Extract as Extract
from pipeline.settings import Fetch as Fetch
from pipeline.settings import Keep as Keep
from pipeline.settings import Metrics as Metrics
from pipeline.settings import Notify as Notify
from pipeline.settings import Settings as Settings
from pipeline.settings import WebSub as WebSub
from pipeline.settings import is_secret

PREFIX = "NEWSWIRE_"
Kind = TypeVar("Kind", bound=msgspec.Struct)
# Read by others than this module: the settings file's place, and what deploy/servers and the tests are told.
_NOT_SETTINGS = frozenset(("NEWSWIRE_CONFIG", "NEWSWIRE_SERVERS_CACHE", "NEWSWIRE_SHARED_DATA"))
# What Kubernetes and Docker links set for a service that is called "newswire".
_SERVICE = re.compile(r".*_(?:SERVICE_(?:HOST|PORT(?:_.+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)")
# As Kafka's clients read addresses, and what both Kafka and Elasticsearch let a name begin with.
_SERVER = re.compile(r"(?:\w+://)?(?:\[[0-9a-fA-F:.%]+\]|[^\s:/@\[\]]+)(?::([0-9]{1,5}))?")
_PREFIX = re.compile(r"(?:[a-z0-9][a-z0-9._-]{0,99})?")


def default_path() -> Path:
    """Return where the settings file is looked for when none is named."""
    return platformdirs.user_config_path("newswire", appauthor=False) / "newswire.toml"


def file_in_use(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file that ``load`` reads if it is there."""
    return _named(path, environ) or default_path()


def _where(named: Path | None) -> str:
    """Say which file settings were read from, if there is one."""
    path = named or default_path()
    return f" in {path}" if path.exists() else ""


def _unusable(key: str, wrong: str, named: Path | None, environ: Mapping[str, str]) -> UsageError:
    """Say what is wrong with a setting, where it was set."""
    variable = PREFIX + key.replace(".", "_").upper()
    if variable in environ or f"{variable}_FILE" in environ:
        return UsageError(f"{variable} cannot be used as it is set: {wrong}.")
    return UsageError(
        f"The settings{_where(named)} are not usable: {key}: {wrong}; `newswire config init FILE` writes settings that "
        "are."
    )


def _named(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    return path or (Path(environ[PREFIX + "CONFIG"]) if environ.get(PREFIX + "CONFIG") else None)


def load(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings. Raises ``UsageError`` that lists every unknown key and the first bad value."""
    named = _named(path, environ)
    tree = _read_file(named or default_path(), required=named is not None)
    unknown = _unknown_keys(tree, Settings, "")
    if unknown:
        raise UsageError(f"{named or default_path()}: " + "; ".join(unknown) + ".")
    _read_references(tree, Settings, "", environ, (named or default_path()).parent)
    _merge_environment(tree, environ)
    tree.update({key: value for key, value in (overrides or {}).items() if value is not None})
    try:
        settings = msgspec.convert(tree, Settings)
        ZoneInfo(settings.time_zone)
    except msgspec.ValidationError as exc:
        key, _, wrong = invalid(exc).partition(": ")
        raise _unusable(key, wrong, named, environ) from exc
    except (KeyError, ValueError, OSError) as exc:
        wrong = f"{tree['time_zone']!r} is no time zone; name one such as Europe/Berlin"
        raise _unusable("time_zone", wrong, named, environ) from exc
    _check_networks("fetch.allow", settings.fetch.allow)
    _check_networks("notify.allow", settings.notify.allow)
    if settings.runtime == "distributed":
        _check_servers(settings)
    return settings


def describe(settings: Settings) -> str:
    """Write settings as a commented TOML file."""
    lines: list[str] = []
    _describe(settings, "", lines)
    return "\n".join(lines).strip() + "\n"


def masked(settings: Settings) -> Settings:
    """Return the settings with every secret hidden, fit to be shown."""
    return _masked_struct(settings)


def _masked_struct(struct: Kind) -> Kind:
    hints = get_type_hints(type(struct), include_extras=True)
    shown = {
        field.name: _masked_value(getattr(struct, field.name), is_secret(hints[field.name]))
        for field in msgspec.structs.fields(type(struct))
    }
    notify = struct if isinstance(struct, Notify) else None
    for name in ("smtp", "proxy") if notify else ():
        shown[name] = _mask_address(getattr(notify, name)) if getattr(notify, name) else None
    return msgspec.structs.replace(struct, **shown)


def _masked_value(value: Any, secret: bool) -> Any:
    if isinstance(value, msgspec.Struct):
        return _masked_struct(value)
    if secret and value:
        return "***"
    if isinstance(value, str):
        return masked_address(value)
    if isinstance(value, tuple):
        return tuple(_masked_value(each, secret) for each in value)
    if isinstance(value, dict):
        return {name: _mask_address(address) for name, address in value.items()}
    return value


def _check_networks(name: str, networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise UsageError(f"{name}: {network!r} is no network; write one such as 127.0.0.0/8 or fd00::/8.") from None


def _check_servers(settings: Settings) -> None:
    """Raise ``UsageError`` for what names no server of Kafka, or would make names that neither server takes."""
    for server in settings.kafka.split(","):
        found = _SERVER.fullmatch(server.strip())
        if not found or not 0 < int(found[1] or 1) < 65_536:
            raise UsageError(f"kafka: {server!r} is no server; write HOST:PORT, of several with commas between.")
    if not _PREFIX.fullmatch(settings.prefix):
        raise UsageError(
            f"prefix: {settings.prefix!r} cannot begin the names of topics and indices; "
            "write at most 100 small letters, digits, '.', '-' and '_', a letter or digit first."
        )


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        return read_toml(path.read_bytes())
    except FileNotFoundError:
        if required:
            raise UsageError(f"The settings file {path} does not exist; `newswire config init` writes one.") from None
        return {}
    except OSError as exc:
        raise UsageError(f"The settings file {path} cannot be read: {os_words(exc)}.") from exc
    except TomlError as exc:
        raise UsageError(f"The settings file {path} cannot be used: {exc}.") from exc


def _unknown_keys(tree: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> list[str]:
    found = []
    known = kind.__struct_fields__
    for key, value in tree.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            found.append(f"unknown key {where + key!r}" + (f" (did you mean {where + near[0]!r}?)" if near else ""))
            continue
        section = _section(kind, key)
        if section and isinstance(value, dict):
            found += _unknown_keys(value, section, f"{where}{key}.")
    return found


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the types of a section's settings, found once: every command reads them many times as it starts."""
    return get_type_hints(kind)


def _section(kind: type[msgspec.Struct], key: str) -> type[msgspec.Struct] | None:
    hint = _hints(kind)[key]
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _read_references(
    tree: dict[str, Any], kind: type[msgspec.Struct], where: str, environ: Mapping[str, str], directory: Path
) -> None:
    """Put in the place of each ``{env = …}`` and ``{file = …}`` what it leads to."""
    hints = _hints(kind)
    for key, value in tree.items():
        section = _section(kind, key)
        if section and isinstance(value, dict):
            _read_references(value, section, f"{where}{key}.", environ, directory)
        elif get_origin(hints[key]) is dict and isinstance(value, dict):
            tree[key] = {
                name: resolved(item, f"{where}{key}.{name}", environ, directory) for name, item in value.items()
            }
        elif not section:
            tree[key] = resolved(value, where + key, environ, directory)


def resolved(value: Any, name: str, environ: Mapping[str, str] = os.environ, directory: Path = Path()) -> Any:
    """Return what ``{env = "NAME"}`` or ``{file = "PATH"}`` leads to, and any other value as it is.

    A file is read without the white space around its text; a relative path counts from ``directory``. Raises
    ``UsageError`` naming the setting where there is no such variable or file.
    """
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((source, place),) = value.items()
    if source in ("env", "file") and isinstance(place, str):
        return secret(source, place, name, environ, directory)
    return value


def _why(error: OSError | UnicodeDecodeError) -> str:
    return os_words(error) if isinstance(error, OSError) else not_utf8(error)


def _known_variables() -> set[str]:
    names = set()
    for field in Settings.__struct_fields__:
        section = _section(Settings, field)
        inner = [f"_{each}" for each in section.__struct_fields__] if section else [""]
        names |= {f"{PREFIX}{field}{suffix}".upper() for suffix in inner}
    return names


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = _known_variables()
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS or _SERVICE.fullmatch(name):
            continue
        if name not in known and name.removesuffix("_FILE") not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "`newswire config show` lists what can be set."
            raise UsageError(f"The environment sets {name}, which is no setting: {hint}")


def _merge_environment(tree: dict[str, Any], environ: Mapping[str, str]) -> None:
    if not any(name.startswith(PREFIX) for name in environ):
        return  # to know all the names that might stand there takes time, at every start
    _refuse_unknown(environ)
    for field in Settings.__struct_fields__:
        section = _section(Settings, field)
        if section is None:
            _override(tree, field, PREFIX + field.upper(), _hints(Settings)[field], environ)
            continue
        branch = tree.setdefault(field, {})
        if not isinstance(branch, dict):
            continue  # said when the settings are checked
        for inner in section.__struct_fields__:
            _override(branch, inner, f"{PREFIX}{field}_{inner}".upper(), _hints(section)[inner], environ)


def _override(branch: dict[str, Any], key: str, name: str, hint: Any, environ: Mapping[str, str]) -> None:
    text = environ.get(name)
    if environ.get(name + "_FILE"):
        try:
            text = Path(environ[name + "_FILE"]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(f"{name}_FILE: {environ[name + '_FILE']} cannot be read: {_why(exc)}.") from exc
    if text is None:
        return
    try:
        branch[key] = _from_text(text, hint)
    except (msgspec.ValidationError, TomlError) as exc:
        raise UsageError(f"{name} cannot be used as it is set: {invalid(exc)}.") from exc


def _from_text(text: str, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if origin is dict:
        return read_toml(f"value = {text}").get("value")
    if hint is str or (get_args(hint) and str in get_args(hint)):
        return text
    return msgspec.convert(text, hint, strict=False)


def _describe(settings: msgspec.Struct, section: str, lines: list[str]) -> None:
    hints = get_type_hints(type(settings), include_extras=True)
    nested = []
    for field in msgspec.structs.fields(type(settings)):
        value = getattr(settings, field.name)
        if isinstance(value, msgspec.Struct):
            nested.append((field.name, value))
            continue
        lines += [f"# {note.description}" for note in getattr(hints[field.name], "__metadata__", ())]
        lines.append(_toml_line(field.name, value))
    for name, value in nested:
        lines.append("")
        if type(value).__doc__:
            lines.append(f"# {type(value).__doc__}")
        lines.append(f"[{section}{name}]")
        _describe(value, f"{section}{name}.", lines)


def _toml_line(name: str, value: Any) -> str:
    if value is None:
        return f"# {name} ="
    if isinstance(value, bool):
        return f"{name} = {str(value).lower()}"
    if isinstance(value, dict):
        inner = ", ".join(f"{_quote(key)} = {_quote(item)}" for key, item in value.items())
        return f"{name} = {{ {inner} }}" if inner else f"{name} = {{}}"
    if isinstance(value, tuple):
        return f"{name} = [{', '.join(_quote(item) for item in value)}]"
    return f"{name} = {_quote(value) if isinstance(value, str) else value}"


def _quote(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _mask_address(address: str) -> str:
    """Hide what may be a secret in a channel's address: credentials, path and query."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return f"{address.partition(':')[0]}:***"
    host = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
    return f"{scheme}://{host}/***"
