"""Registry and clock → mails owed → mails sent; the report (floor 4)."""
