"""`client.mode`: whether an account's signals are also handed to its owner's executor, and the steps there and back."""

from paperfleet.client.answers.mode import Mode, Question
from paperfleet.client.calls import Call, reading, segment
from paperfleet.client.modes import M, Resource, operation

_mode = reading(Mode)
_question = reading(Question)


class Modes(Resource[M]):
    """Paper or live. Going live takes two steps, between which a person types a phrase; going back takes one."""

    @operation
    def read(self, account_id: int) -> Call[Mode]:
        """The mode, until when, and how it came to be."""
        return Call("GET", f"/api/accounts/{segment(account_id)}/mode/", _mode)

    @operation
    def ask_live(self, account_id: int, *, webhook_id: int) -> Call[Question]:
        """The first step: a token for one minute, and the phrase. Raises Forbidden, or Conflict where it cannot be."""
        path = f"/api/accounts/{segment(account_id)}/mode/token/"
        return Call("POST", path, _question, body={"webhook_id": webhook_id})

    @operation
    def go_live(self, account_id: int, *, webhook_id: int, token: str, phrase: str, hours: int = 8) -> Call[Mode]:
        """The second step: falls back to paper after so many hours, and when the webhook is changed or fails."""
        path = f"/api/accounts/{segment(account_id)}/mode/live/"
        body = {"webhook_id": webhook_id, "token": token, "phrase": phrase, "hours": hours}
        return Call("POST", path, _mode, body=body)

    @operation
    def go_paper(self, account_id: int) -> Call[Mode]:
        """At once and always; what was not handed over yet never will be."""
        return Call("POST", f"/api/accounts/{segment(account_id)}/mode/paper/", _mode, repeatable=True)
