"""How the local stack refuses: a message that says what is wrong and what the user can do."""

from services.domain.errors import PaperfleetError


class StackError(PaperfleetError):
    """The local stack cannot run here as asked; the message is meant for the person at the terminal."""


class FolderBusy(StackError):
    """Another process runs on the data folder; the message says which."""
