"""What `intake check` asks beside the config: programs on this machine, and the servers."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from ctypes.util import find_library
from pathlib import Path

from config.model import Config
from config.problem import ConfigProblems
from config.scale_checks import with_paths
from config.settings import secret
from intake.bucket_check import try_out
from intake.dns import key_record
from intake.domainkeys import DnsAway
from intake.mailbox import LoginRefused, Mailbox, Unreachable
from intake.opening import jail_limits, open_vault
from intake.scanner import Clamd
from notifier.oauth import Logins
from notifier.smtp import Courier
from parsers import office
from parsers.confine import missing_layers
from parsers.jail import Jail, JailBrokenError

#: What the daemon makes use of, and what it does without it.
_WISHES = {
    "MOVE": "messages are copied, then removed one by one",
    "UIDPLUS": "copied originals stay in the inbox, flagged as deleted",
    "IDLE": "new mail is noticed at the next poll only",
}


#: Below these, in a folder ``tess…``, Debian, Fedora and a build from source keep Tesseract's data.
_SHARES = (Path("/usr/share"), Path("/usr/local/share"))
_VIETNAMESE = "vie.traineddata"


def programs(env: Mapping[str, str], shares: Sequence[Path] = _SHARES) -> list[str]:
    """Return what is missing on this machine, and what that costs; mail is read all the same."""
    missing = []
    if office.program() is None:
        missing.append(
            "LibreOffice (soffice) is not installed: .doc, .odt, .rtf and .xlsb are refused and "
            "formulas without saved results are errors; "
            "apt install libreoffice-writer-nogui libreoffice-calc-nogui"
        )
    named = Path(env.get("TESSDATA_PREFIX") or "/nonexistent") / _VIETNAMESE
    found = (data for share in shares for data in share.glob(f"tess*/**/{_VIETNAMESE}"))
    if not named.exists() and next(found, None) is None:
        missing.append(
            "Tesseract's Vietnamese data is not installed: scans and photos are refused; "
            "apt install tesseract-ocr-vie"
        )
    if find_library("archive") is None:
        missing.append(
            "libarchive is not installed: .rar and .7z are refused; apt install libarchive13"
        )
    return missing


def confinement() -> list[str]:
    """Start a reader and return what of its confinement this machine does not have."""
    try:
        with Jail() as jail:
            missing = missing_layers(jail.ready())
    except JailBrokenError as error:
        return [f"no document can be read here: {error}"]
    return [
        f"the kernel has no {layer} for the readers of documents: {meaning}; "
        "the kernels of Debian 12 and newer on x86_64 and aarch64 have it"
        for layer, meaning in missing.items()
    ]


def connections(config: Config, env: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Log in to both servers, ask scanner and bucket; return what they can do, and problems."""
    answers: list[str] = []
    problems: list[str] = []
    logins = Logins(env)
    for look in (_imap, _smtp, _database, _clamd, _dns, _readers, _bucket):
        try:
            answers += look(config, logins)
        except ConfigProblems as error:
            problems += map(str, error.problems)
        except _Refused as error:
            problems.append(str(error))
    return answers, problems


class _Refused(Exception):  # noqa: N818  an answer, not a fault
    """The server is away or does not let us in."""


def _imap(config: Config, logins: Logins) -> list[str]:
    settings = config.settings.mailbox
    mailbox = Mailbox(settings, logins.of(config.settings, settings))
    try:
        mailbox.open()
        known = set(mailbox.capabilities())
        return [
            f"IMAP {settings.host}:{settings.port}: logged in as {settings.user}",
            *(f"  no {name}: {effect}" for name, effect in _WISHES.items() if name not in known),
            f"  {len(mailbox.listed(set()))} message(s) in {settings.inbox}",
        ]
    except (Unreachable, LoginRefused) as error:
        raise _Refused(f"settings.toml [mailbox]: {error}") from error
    finally:
        mailbox.close()


def _database(config: Config, _logins: Logins) -> list[str]:
    """Ask a database server what it is; a file is opened by whoever works with it."""
    from registry.database import Database, resolve  # noqa: PLC0415  slow to import
    from registry.errors import RegistryBusy, RegistryProblem  # noqa: PLC0415

    storage = config.settings.storage
    if storage.database.startswith("sqlite"):
        return []
    try:
        address = resolve(storage.database, config.folder)
        with closing(Database(address, password=secret(storage, os.environ))) as database:
            return [f"registry {database.name}: {database.describe()}"]
    except (RegistryBusy, RegistryProblem) as error:
        raise _Refused(f"settings.toml [storage]: {error}") from error


def _clamd(config: Config, _logins: Logins) -> list[str]:
    address = config.settings.security.clamd
    if not address:
        return []
    try:
        return [f"clamd {address}: {Clamd(address).version()}"]
    except OSError as error:
        raise _Refused(
            f"settings.toml [security] clamd: {address} does not answer ({error}): until it does "
            "every letter waits; apt install clamav-daemon clamav-freshclam"
        ) from error


def _dns(config: Config, _logins: Logins) -> list[str]:
    """Ask DNS for a key that need not be there: any answer will do."""
    if config.settings.security.require != "dmarc":
        return []
    name = f"intake._domainkey.{config.settings.office.address.rpartition('@')[2]}."
    try:
        key_record(name)
    except DnsAway as error:
        raise _Refused(
            f"settings.toml [security] require: DNS does not answer ({error}): letters that only "
            "a DKIM signature can prove wait until it does"
        ) from error
    return ["DNS: answers"]


def _bucket(config: Config, _logins: Logins) -> list[str]:
    """Try the bucket out, if the vault lies in one."""
    from registry.bucket import Bucket  # noqa: PLC0415  only who has one needs it

    place = open_vault(config).place
    if not isinstance(place, Bucket):
        return []
    try:
        return try_out(place)
    except OSError as error:
        raise _Refused(f"settings.toml [storage] vault: {error}") from error


def _readers(config: Config, logins: Logins) -> list[str]:
    """Ask every worker of the cluster whether it reads as this machine does."""
    scale = with_paths(config.settings.scale, logins.env)
    if not scale.readers:
        return []
    from intake.cluster import survey  # noqa: PLC0415  few offices have one

    try:
        seen = survey(scale, jail_limits(config))
    except Exception as error:  # of whatever library
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise _Refused(
            f"settings.toml [scale] readers: {scale.readers} does not answer ({reason}): until it "
            "does documents are read on this machine"
        ) from error
    fit, unfit = ([one for one in seen if bool(one.unfit) is wrong] for wrong in (False, True))
    threads = sum(one.threads for one in fit)
    answers = [f"readers {scale.readers}: {len(fit)} worker(s), {threads} document(s) at a time"]
    for one in fit:
        jailed = f"no {', '.join(one.missing)}" if one.missing else "all layers of the jail"
        answers.append(f"  {one.address}: {one.threads} thread(s), same version, {jailed}")
    if fit and not unfit:
        return answers
    wrong = "; ".join(f"{one.address} {one.unfit}" for one in unfit) or "there is no worker"
    raise _Refused("\n".join((*answers, f"settings.toml [scale] readers: {wrong}")))


def _smtp(config: Config, logins: Logins) -> list[str]:
    settings = config.settings.smtp
    with Courier(settings, logins.of(config.settings, settings)) as courier:
        offered = courier.check()
    if isinstance(offered, tuple):
        who = f"logged in as {settings.user}" if settings.user else "no login wanted"
        able = ", ".join(offered) or "no extensions"
        return [f"SMTP {settings.host}:{settings.port}: {who}", f"  {able}"]
    raise _Refused(f"settings.toml [smtp]: {offered.reason}")
