"""Who may write: one policy for console, command line and MCP.

- A program that was started read-only, and a database that this account may only read, refuse every change.
- In a namespace of another user the console asks once (W). A command or a tool call needs no question:
  several users of one home run workflows in its namespace.
REST is not covered: its clients record the work of agents in any namespace, and present a token.
"""

from typing import TYPE_CHECKING

from ..core.errors import DatabaseFull, Refused

if TYPE_CHECKING:
    from ..database import Database


class WritePolicy:
    """Whether a user may change something now, with the same text in every interface."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._locked = False
        self._unlocked: str | None = None

    def other(self, owner: str | None) -> str | None:
        """The owner of a namespace if it is another user, else None."""
        return owner if owner and owner != self.user else None

    def refusal(self, read_only: str, namespace: str | None = None, owner: str | None = None) -> str:
        """Why nothing may be changed in a namespace of `owner`; empty if it may.

        `read_only` is why program or database refuse every change.
        """
        if read_only:
            return f"read-only: {read_only}"
        if self._locked:
            return "locked: W unlocks writes"
        if self.other(owner) and self._unlocked != namespace:
            return f"read-only: {namespace} belongs to {owner}; W unlocks writes"
        return ""

    def lock(self) -> None:
        """Refuse every change."""
        self._locked, self._unlocked = True, None

    def unlock(self, namespace: str | None) -> None:
        """Allow changes, in this namespace even if another user owns it."""
        self._locked, self._unlocked = False, namespace


def check_writable(database: "Database", user: str) -> None:
    """Raise Refused, or DatabaseFull, before anything is started or sent that the database cannot record."""
    if database.read_only and isinstance(error := database.write_refusal(), DatabaseFull):
        raise error
    if refusal := WritePolicy(user).refusal(database.read_only):
        raise Refused(refusal, "Ask the owner of the database for write access")
