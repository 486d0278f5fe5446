"""Imports and calculates once what every daemon needs late; its many children then need not."""

import alembic.command
import alembic.config

from config.model import CalendarFile
from crash import child
from intake.demo_scenario import ZONE, moment
from notifier.calendar import Calendar

READY = (alembic.command, alembic.config, child)
#: Makes the calendar of the year.
WORKING = Calendar(CalendarFile(), ZONE).is_working(moment(17, 9).date())
