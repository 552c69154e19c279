"""An agent's identity, the same after every restart: name, client id, a lock against a second process."""

import json
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from ..core.errors import Refused, UsageError
from ..core.files import FileLock, read_json, write_private
from ..core.settings import Settings, private_directory


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """The name in the database, and the client id of the durable subscriptions.

    A broker is in `known_to` once the agent has read what was sent before its first subscription there.
    """

    name: str
    client_id: str
    known_to: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class IdentityFile:
    """The identity of one agent type in one namespace of this home; held by one process at a time."""

    def __init__(self, settings: Settings, kind: str, namespace: str, instance: str = "") -> None:
        folder = private_directory(settings.state_dir / "agents")
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,50}", instance):
            raise UsageError(
                f"--instance {instance!r} is not a valid name", "Use letters, digits, '.', '_' and '-'"
            )
        stem = "@".join([namespace, kind, *([instance] if instance else [])])
        self._path = folder / f"{stem}.json"
        self._lock_path = folder / f"{stem}.lock"
        self._kind = kind
        self._lock: FileLock | None = None

    def hold(self) -> None:
        """Lock the identity. Raises Refused if another process of this agent is running."""
        # flock(2) ends with the process: a killed agent leaves no stale lock
        lock = FileLock(self._lock_path)
        if not lock.acquire():
            pid = self._lock_path.read_text().strip() or "?"
            raise Refused(
                f"the {self._kind} agent of this home and namespace is already running, as process {pid}",
                "Stop it first, or start this one with another --instance",
            )
        lock.write_holder(str(os.getpid()))
        self._lock = lock

    def release(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.write_holder("")
            self._lock.release()
            self._lock = None

    def load(self, database: str) -> AgentIdentity | None:
        """The agent's identity in the database with that id; None before the first start."""
        known = read_json(self._path).get(database)
        try:
            return (
                AgentIdentity(
                    known["name"],
                    known["client_id"],
                    tuple(known["known_to"]),
                    tuple(known.get("topics", ())),
                )
                if known
                else None
            )
        except (KeyError, TypeError):
            return None

    def create(self, database: str, name: str) -> AgentIdentity:
        """Make and store an identity for that database."""
        return self._save(database, AgentIdentity(name, f"{name}-{uuid.uuid4().hex[:12]}"))

    def mark_known(
        self, database: str, identity: AgentIdentity, broker: str, topics: Sequence[str] = ()
    ) -> AgentIdentity:
        """Record that everything sent before the first subscription at that broker was read."""
        known_to = (*identity.known_to, broker)
        return self._save(database, replace(identity, known_to=known_to, topics=tuple(topics)))

    def _save(self, database: str, identity: AgentIdentity) -> AgentIdentity:
        known = read_json(self._path) | {database: asdict(identity)}
        # durable: with a lost identity the broker would keep messages for a client id that never returns
        write_private(self._path, json.dumps(known), durable=True)
        return identity
