"""The form of the campaign that is shipped: what an office reads with on its first day."""

from functools import cache
from pathlib import Path

from config.model import Config
from config.settings import load
from parsers.form import Form

EXAMPLE = Path(__file__).parents[2] / "config" / "cao-loc"


@cache
def shipped() -> Config:
    """Return what ``config/cao-loc`` says."""
    secrets = dict.fromkeys(("INTAKE_IMAP_PASSWORD", "INTAKE_SMTP_PASSWORD"), "made-up")
    return load(EXAMPLE, env=secrets)


def shipped_form() -> Form:
    """Return the form of ``config/cao-loc``."""
    return shipped().campaigns[0].form
