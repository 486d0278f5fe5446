"""An edited config is taken over while the daemon runs, or refused as a whole.

Whatever way an editor saves: the folder's looks are compared, not the names of events. A refused
edit keeps the old settings and wordings; it is a trouble (told to the admin, also when it is over)
once it has stood for a while, for a file that is just being saved is broken as well.

Noted before it is used: what was decided by it could not be decided again otherwise. While the
registry is busy or the vault away an edit waits, whole, and is read again at each turn.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from config.files import Looks, looks_of
from config.model import Config
from config.problem import Problem
from config.settings import ConfigProblems, load, warnings
from intake.daemon import Daemon
from intake.desk import Desk, open_reader
from intake.kept_config import config_into
from intake.mailbox import Mailbox
from intake.opening import jail_limits
from intake.post import tell_admin
from intake.systemd import misfit
from notifier.compose import Templates, check_templates
from notifier.limits import roster_brake
from notifier.oauth import Logins
from notifier.smtp import Courier
from parsers.jail import JailLimits
from registry.errors import RegistryBusy

_log = structlog.get_logger("service")
#: So long an edit may be broken before it is a trouble: somebody is still saving or uploading it.
GRACE = dt.timedelta(seconds=20)


@dataclass
class Reload:
    """What was last seen of the config folder, and since when it is refused."""

    daemon: Daemon
    env: Mapping[str, str]
    _seen: Looks = ()
    _refused_at: dt.datetime | None = None
    _reason: str = ""
    _good: Templates | None = None
    _fault: ConfigProblems | None = None

    def __post_init__(self) -> None:
        desk: Desk | None = getattr(self.daemon, "desk", None)
        config = getattr(desk, "config", None)
        if desk is not None and config is not None:
            self._seen, self._good = looks_of(config.folder), desk.templates

    def is_edited(self) -> bool:
        """Whether the folder looks otherwise than when it was last read."""
        return bool(self._seen) and looks_of(self.daemon.desk.config.folder) != self._seen

    def is_due(self) -> bool:
        """Whether the folder must be read: it was edited, or its last edit was refused or waits."""
        return self.daemon.config_due or self._refused_at is not None or self.is_edited()

    def again(self) -> Config | None:
        """Read the folder again; return the config if it was taken over, None if it was refused.

        Raises:
            RegistryBusy, OSError: nothing was taken over; it is due until it is.
        """
        desk = self.daemon.desk
        folder = desk.config.folder
        before, self._seen = self._seen, looks_of(folder)
        if self._fault is not None and self._seen == before:
            self._refuse(self._fault)  # untouched: rendering every wording again would be a waste
            return None
        self._fault = None
        try:
            new = load(folder, env=self.env)
            self._fault = _fault_of_wording(new)
            if self._fault is None:
                replace_config(desk, new, self.env)
        except ConfigProblems as error:
            self._refuse(error)
            return None
        except (RegistryBusy, OSError):
            self.daemon.config_due = True
            self._keep_wordings()
            raise
        if self._fault is not None:
            self._refuse(self._fault)
            return None
        self.daemon.config_due = False
        desk.keeps_wordings = False
        self._good = desk.templates
        self._refused_at, self._reason = None, ""
        self.daemon.health.signs.works("config")
        self.daemon.proposals_due = True
        log_warnings(new, self.env)
        _log.info("config_taken_over")
        return new

    def _refuse(self, error: ConfigProblems) -> None:
        """Keep what was good; tell the admin if it is not only a file that is being saved."""
        desk, now = self.daemon.desk, self.daemon.desk.clock()
        reason = str(error.problems[0])
        if len(error.problems) > 1:
            reason += f" (and {len(error.problems) - 1} more: run `intake check`)"
        if reason != self._reason:
            for problem in error.problems:
                _log.error("config_refused", problem=str(problem))
        self._keep_wordings()
        began = self._refused_at = self._refused_at or now
        signs, known = self.daemon.health.signs, self.daemon.health.signs.failing.get("config")
        self._reason = reason
        if known is None and now - began < GRACE:
            return
        if known is not None and known.reason != reason:  # broken in another way: told as well
            mark = hashlib.sha256(reason.encode("utf-8", "replace")).hexdigest()[:12]
            since = began.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            key = f"alert/config/{since}/{mark}"
            tell_admin(desk, key, {"what": "config", "reason": reason})
        signs.fails("config", now if known else began, reason)

    def _keep_wordings(self) -> None:
        """Go on with the wordings that were taken over last, whatever the folder has."""
        if self._good is not None:
            self.daemon.desk.use_wordings(self._good)


def _fault_of_wording(new: Config) -> ConfigProblems | None:
    """Return what is wrong with the wordings of a config."""
    faults = check_templates(new.folder / "templates", new)
    return ConfigProblems([_of_wording(fault) for fault in faults]) if faults else None


def _of_wording(fault: str) -> Problem:
    """Return a fault of a template, which `check_templates` tells in one line, as a problem."""
    where, _, what = fault.partition(": ")
    return Problem(
        where, 0, what or fault, "mails of this kind could not be written", "correct this file"
    )


def log_warnings(config: Config, env: Mapping[str, str]) -> None:
    """Log what is allowed in a config but unwise, such as a password file that others can read."""
    now = dt.datetime.now(dt.UTC)
    for warning in (*warnings(config, now), misfit(config, env)):
        if warning is not None:
            _log.warning("config_warning", problem=str(warning))


def logins_of(desk: Desk, env: Mapping[str, str]) -> Logins:
    """Return the desk's own, so that one token serves all; others for another environment."""
    known = desk.logins
    return known if known is not None and known.env == env else Logins(env)


def replace_config(desk: Desk, new: Config, env: Mapping[str, str]) -> None:
    """Put a validated config in place; what was made by changed settings is made anew.

    A registry or vault elsewhere needs a restart: the old ones stay in use and the log says so.
    A roster that lost many units pulls the brake. It is noted, and only then used: whatever the
    registry or the vault cannot do now, nothing was changed.

    Raises:
        ConfigProblems: a changed server's password is missing.
        RegistryBusy: it cannot be noted now, or the brake not be pulled.
        OSError: a file of it cannot be read, or the vault (`VaultAway`) takes none now.
    """
    old = desk.config
    settings, logins = new.settings, logins_of(desk, env)
    box, smtp = logins.of(settings, settings.mailbox), logins.of(settings, settings.smtp)
    if settings.storage != old.settings.storage:
        _log.warning("restart_needed", reason="storage changed: the old one is in use until then")
        settings = settings.model_copy(update={"storage": old.settings.storage})
        new = replace(new, settings=settings)
    other_reader = jail_limits(new) != _limits_of(old) or settings.scale != old.settings.scale
    files = config_into(desk.vault, new)
    lost = roster_brake(old.communes, new.communes, settings.limits)
    if lost:
        desk.store.pull_brake(lost, desk.clock())
        _log.error("brake_pulled", reason=lost)
    desk.store.note_config(files, desk.clock())
    other_tokens = settings.oauth != old.settings.oauth
    other_batch = settings.limits.batch != old.settings.limits.batch
    if settings.mailbox != old.settings.mailbox or other_tokens or other_batch:
        desk.mailbox.close()
        desk.mailbox = Mailbox(settings.mailbox, box, batch=settings.limits.batch)
    if settings.smtp != old.settings.smtp or other_tokens:
        desk.courier.close()
        desk.courier = Courier(settings.smtp, smtp)
    if other_reader:
        desk.reader.close()
        desk.reader = open_reader(new, env)
    desk.config = new


def _limits_of(old: Config) -> JailLimits | None:
    """Return the limits of a config; None if the certificates that it names are gone."""
    try:
        return jail_limits(old)
    except OSError:
        return None
