"""An agent's identity over all its restarts: name, client id, and a lock against a second process."""

import json
import os
import re
import uuid
from dataclasses import asdict, dataclass, replace

from ..core.errors import Refused, UsageError
from ..core.files import FileLock, read_json, write_private
from ..core.settings import Settings, private_directory


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """The name in the database, and the client id under which brokers keep messages for it.

    A broker is in `known_to` once the agent has read what was sent before that broker first knew it.
    """

    name: str
    client_id: str
    known_to: tuple[str, ...] = ()


class IdentityFile:
    """The identity of one kind of agent in one namespace of this home; held by one process at a time."""

    def __init__(self, settings: Settings, kind: str, namespace: str, instance: str = "") -> None:
        folder = private_directory(settings.state_dir / "agents")
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,50}", instance):
            raise UsageError(
                f"{instance!r} is no name of an instance", "Use letters, digits, '.', '_' and '-'"
            )
        stem = "@".join([namespace, kind, *([instance] if instance else [])])
        self._path = folder / f"{stem}.json"
        self._lock_path = folder / f"{stem}.lock"
        self._kind = kind
        self._lock: FileLock | None = None

    def hold(self) -> None:
        """Lock out every other process of this agent. Raises Refused where one runs."""
        lock = FileLock(self._lock_path)
        if not lock.take():
            pid = self._lock_path.read_text().strip() or "?"
            raise Refused(
                f"the {self._kind} agent of this home and namespace runs already, as process {pid}",
                "Stop it first, or give this one an --instance of its own",
            )
        lock.note(str(os.getpid()))
        self._lock = lock

    def release(self) -> None:
        """Unlock it."""
        if self._lock is not None:
            self._lock.note("")
            self._lock.release()
            self._lock = None

    def load(self, database: str) -> AgentIdentity | None:
        """The agent's identity in the database of that id; None for the first time."""
        known = read_json(self._path).get(database)
        try:
            return (
                AgentIdentity(known["name"], known["client_id"], tuple(known["known_to"])) if known else None
            )
        except (KeyError, TypeError):
            return None

    def create(self, database: str, name: str) -> AgentIdentity:
        """Make an identity for that database, and store it."""
        return self._save(database, AgentIdentity(name, f"{name}-{uuid.uuid4().hex[:12]}"))

    def mark_known(self, database: str, identity: AgentIdentity, broker: str) -> AgentIdentity:
        """Note that everything from before that broker knew the agent was read."""
        return self._save(database, replace(identity, known_to=(*identity.known_to, broker)))

    def _save(self, database: str, identity: AgentIdentity) -> AgentIdentity:
        known = read_json(self._path) | {database: asdict(identity)}
        write_private(self._path, json.dumps(known), durable=True)
        return identity
