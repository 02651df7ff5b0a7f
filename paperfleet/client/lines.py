"""A text that comes in pieces, a file or an event stream, as its lines. No input or output here."""

import codecs

from paperfleet.client.errors import BadAnswer


class Lines:
    """Cuts pieces of UTF-8 into lines, which keep their ends: what was cut is the text when joined.

    Only a line feed ends one; other characters that Python splits at may be in a cell, or in the JSON of an event.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._begun = ""

    def feed(self, piece: bytes) -> list[str]:
        """The lines that `piece` completes. Raises BadAnswer for what is not UTF-8."""
        *whole, self._begun = (self._begun + self._text(piece)).split("\n")
        return [f"{line}\n" for line in whole]

    def end(self) -> list[str]:
        """What is left of a text that does not end with a line's end."""
        rest, self._begun = self._begun + self._text(b"", True), ""
        return [rest] if rest else []

    def _text(self, piece: bytes, is_last: bool = False) -> str:
        try:
            return self._decode(piece, is_last)
        except UnicodeDecodeError as error:
            raise BadAnswer(f"the answer is not UTF-8: {error}") from error
