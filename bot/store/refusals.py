"""Why a database is not opened, in words for whoever started the bot. None of them repeats a password."""


class CannotOpenError(Exception):
    """Nothing was changed; the message says what to do."""


class DatabaseTakenError(CannotOpenError):
    """Another process has this SQLite file. Two would adopt each other's jobs."""


class NotOurDatabaseError(CannotOpenError):
    """The URL names a kind of database that this program does not serve."""


class NewerSchemaError(CannotOpenError):
    """A later version of the bot has been here; this one would not understand its rows."""


class BackupFailedError(CannotOpenError):
    """The file could not be copied before its upgrade."""


class UnreachableError(CannotOpenError):
    """No answer from the server, or it does not let us in."""
