"""What a use case may refuse, in words a user can read; entry points turn it into pages, problem+json or exit codes."""

from typing import Any


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's extractor marks words for later translation
    """Mark a message for the translators and return it as it is."""
    return message


class DiandanError(Exception):
    """A refusal that is the user's to read. `message` is a msgid (Chinese), `params` fill its `%(name)s` fields."""

    status = 400

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message, self.params = message, params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class InvalidInput(DiandanError):
    """What was typed cannot be taken. `problems` maps a field's name to a msgid, in the order of the form."""

    status = 422

    def __init__(self, problems: dict[str, str], message: str = N_("有几处需要改一下")) -> None:
        super().__init__(message)
        self.problems = problems


class NotFound(DiandanError):
    """It does not exist, or not for this viewer: both give the same answer."""

    status = 404

    def __init__(self, message: str = N_("没有找到")) -> None:
        super().__init__(message)


class Forbidden(DiandanError):
    """The viewer may see the thing but not do this to it."""

    status = 403


class Conflict(DiandanError):
    """The world moved on since the page was drawn: the state, the capacity, or the other version of a row."""

    status = 409


class SettingsError(Exception):
    """A setting is wrong; the start is refused with this one line."""
