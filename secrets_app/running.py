"""Running a program with the secrets of an instance and the variables of a skill.

The program gets them in its environment and takes the place of this process: nothing is written to
a command line or a file, and signals and the exit code need not be passed on. Credentials of
channels are not handed over.

There is no audit entry: the trail records changes, and whoever can run this can read the database
and its key unrecorded anyway.
"""

import errno
import os
import signal
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from instances.models import Instance
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import DecryptionError
from secrets_app.base_environment import base_environment, is_dangerous
from secrets_app.exceptions import NotStarted
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.validators import accepts, validate_env_key


class Variable(NamedTuple):
    """A variable to set, where it comes from, and its stored value, still sealed."""

    name: str
    origin: str
    value: Any
    is_prefixed: bool = False


@dataclass(frozen=True)
class Handover:
    """What a program would be given, and the reasons not to start it."""

    variables: Sequence[Variable]
    faults: Sequence[str]

    def reveal(self) -> dict[bytes, bytes]:
        """The program's whole environment. Bytes: a locale could refuse a character and quote it.

        Raises:
            NotStarted: there are reasons not to start; names them all.
        """
        if self.faults:
            raise NotStarted(*self.faults)
        opened, faults = {}, []
        for name, origin, value, _ in self.variables:
            try:
                opened[name.encode()] = value.reveal().encode()
            except DecryptionError as error:
                faults.append(f"The {origin} cannot be opened ({error.reason}); set it again.")
        faults += [
            f"{name.decode()} holds a NUL character, which no variable can."
            for name, value in opened.items()
            if b"\0" in value
        ]
        if faults:
            raise NotStarted(*faults)
        return {**base_environment(), **opened}


def prepare(
    instance: Instance,
    *,
    only: Collection[str] | None = None,
    skill: str = "",
    prefix: str = "",
    allowed: Collection[str] = (),
) -> Handover:
    """Secrets (upper-cased, behind ``prefix``) and the variables of a skill (named as they are).

    ``only`` are the secrets to take, None takes all. Opens nothing.
    """
    secrets, env = _secrets(instance, only, prefix), _skill_env(instance, skill)
    taken = {variable.origin for variable in secrets}
    absent = [key for key in only or () if f"secret {key}" not in taken]
    faults = [f"The secret {key} is not configured for this instance." for key in absent]
    if skill and not env:
        faults.append(_no_skill(instance, skill))
    variables = [*secrets, *env]
    return Handover(variables, [*faults, *_repeated(variables), *_refused(variables, allowed)])


def execute(program: Sequence[str], environment: Mapping[bytes, bytes]) -> NoReturn:
    """Become the program.

    Raises:
        NotStarted: it does not exist, cannot be run, or its environment is too large.
    """
    if not program[0]:
        raise NotStarted("A program without a name does not exist.", exit_code=127)
    # Python ignores these two, and a program inherits that: `yes | head` would never end.
    signals = (signal.SIGPIPE, signal.SIGXFSZ)
    ours = {number: signal.signal(number, signal.SIG_DFL) for number in signals}
    try:
        os.execvpe(program[0], [*program], environment)  # noqa: S606
    except OSError as error:
        raise _not_started(program[0], environment, error) from None
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _secrets(instance: Instance, only: Collection[str] | None, prefix: str) -> list[Variable]:
    rows = InstanceSecret.objects.filter(instance=instance).order_by("key")
    rows = rows if only is None else rows.filter(key__in=only)
    return [
        Variable(f"{prefix}{row.key.upper()}", f"secret {row.key}", row.value, bool(prefix))
        for row in rows
    ]


def _skill_env(instance: Instance, skill: str) -> list[Variable]:
    rows = InstanceSkillEnv.objects.rows_by_key(instance, skill)
    return [Variable(key, f"variable {key} of {skill}", row.value) for key, row in rows.items()]


def _no_skill(instance: Instance, skill: str) -> str:
    skills = ", ".join(InstanceSkillEnv.objects.skills(instance)) or "none"
    return f"There are no variables of a skill {skill!r}; skills that have some: {skills}."


def _repeated(variables: Sequence[Variable]) -> list[str]:
    origins: dict[str, list[str]] = {}
    for variable in variables:
        origins.setdefault(variable.name, []).append(f"the {variable.origin}")
    return [
        f"{name} is claimed by {' and by '.join(several)}; use --prefix, or --only without it."
        for name, several in origins.items()
        if len(several) > 1
    ]


def _refused(variables: Iterable[Variable], allowed: Collection[str]) -> list[str]:
    known, faults = get_keyring().key_ids, []
    for name, origin, value, is_prefixed in variables:
        if is_dangerous(name, is_prefixed=is_prefixed) and name not in allowed:
            faults.append(
                f"{name}, from the {origin}, decides how programs run or where they connect;"
                f" --allow {name} sets it."
            )
        if not accepts(validate_env_key, name):
            faults.append(f"{name}, from the {origin}, is no name for a variable; use --prefix.")
        if value.key_id not in known:
            needed = f"needs encryption key {value.key_id}" if value.key_id else "is malformed"
            faults.append(f"The {origin} cannot be opened: it {needed}.")
    return faults


def _not_started(name: str, environment: Mapping[bytes, bytes], error: OSError) -> NotStarted:
    if error.errno == errno.E2BIG:
        largest = sorted(environment, key=lambda each: len(environment[each]), reverse=True)
        return NotStarted(
            f"{sum(map(len, environment.values())):,} bytes are more than this system passes to a"
            f" program; leave some out with --only. Largest: {b', '.join(largest[:3]).decode()}."
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        message = f"There is no program {name!r}, or not what its first line says it needs."
        return NotStarted(message, exit_code=127)
    return NotStarted(f"{name!r} cannot be run: {error.strerror}.", exit_code=126)
