"""Who may write: one policy for console, command line and MCP.

- A program that was started to change nothing, and a database that this account may only read, refuse every
  change.
- A namespace of another user is a question, which the console asks once (W). A command or a tool call is the
  answer by itself: several users of one home run workflows in its namespace.
REST has no part in it: its callers record what agents did, wherever that belongs, and show a token.
"""

from typing import TYPE_CHECKING

from ..core.errors import Refused

if TYPE_CHECKING:
    from ..database import Database


class WritePolicy:
    """Whether a user may change something now, in the same words wherever it is refused."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._locked = False
        self._meant: str | None = None

    def other(self, owner: str | None) -> str | None:
        """The owner of a namespace, where that is another user."""
        return owner if owner and owner != self.user else None

    def refusal(self, read_only: str, namespace: str | None = None, owner: str | None = None) -> str:
        """Why nothing may be changed in a namespace of `owner`, or an empty text.

        `read_only` is why program or database allow nothing at all.
        """
        if read_only:
            return f"read-only: {read_only}"
        if self._locked:
            return "locked: W unlocks writes"
        if self.other(owner) and self._meant != namespace:
            return f"read-only: {namespace} belongs to {owner}; W unlocks writes"
        return ""

    def lock(self) -> None:
        """Refuse every change."""
        self._locked, self._meant = True, None

    def unlock(self, namespace: str | None) -> None:
        """Allow changes again, in this namespace even if another user owns it."""
        self._locked, self._meant = False, namespace


def check_writable(database: "Database", user: str) -> None:
    """Raise Refused before anything is started or sent that the database could not record."""
    if refusal := WritePolicy(user).refusal(database.read_only):
        raise Refused(refusal, "Ask the owner of the database to let this account write")
