"""Keys in their turn: what a key opens is there, and has the focus, before the next one comes."""

import asyncio
import os
from collections import deque

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

ROUNDS = 2
# nothing that breaks on the way of a key, or while a screen is opened, keeps the next one for longer; less
# would let keys pass each other on a machine that is merely busy
LONGEST_KEY = 2.0
LONGEST_OPENING = 3.0


class Handled(Message, bubble=True, verbose=True):
    """Follows a key on its way up: where it arrives, the key and what came of it has been dealt with."""

    def __init__(self, serial: int, turn: int, target: MessagePump) -> None:
        super().__init__()
        self.serial, self.turn, self.target = serial, turn, target


def as_typed(event: events.Event) -> list[events.Event]:
    """Esc and a letter that come at once look like the letter with Alt, which nothing here is bound to."""
    if not isinstance(event, events.Key) or not event.key.startswith("alt+"):
        return [event]
    name = event.key.removeprefix("alt+")
    name = name.removeprefix("shift+").upper() if name.startswith("shift+") else name
    return [events.Key("escape", "\x1b"), events.Key(name, event.character)]


class KeysInTurn(App[int]):
    """Textual hands keys to whatever has the focus when they come; here each waits for the one before.

    A key is over when what followed it from the widget in focus has come up twice (once behind the key,
    once behind what its handlers have sent), and the focus is still where it was then.
    """

    def __init__(self) -> None:
        # with NO_COLOR the terminal's own colours, then taken away, leave bold, dim and reverse
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._keys: deque[events.Event] = deque()
        self._serial = 0
        self._busy = self._held = False
        self._fallback: asyncio.TimerHandle | None = None

    async def on_event(self, event: events.Event) -> None:
        """Keys and pasted text are taken one at a time; everything else at once."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._keys.extend(as_typed(event))
            await self._next_key()
        else:
            await super().on_event(event)

    def hold_keys(self) -> None:
        """What is being opened takes the keys that come: they wait until `let_keys_go`."""
        self._held = True
        self._fall_back(LONGEST_OPENING)

    def let_keys_go(self) -> None:
        """It is open, and has the focus."""
        if self._held:
            self._held = False
            self._follow(0)

    async def on_handled(self, followed: Handled) -> None:
        """The key is over, or something new has the focus since: that is waited for too."""
        if followed.serial != self._serial or not self._busy:
            return
        if followed.turn >= ROUNDS and followed.target is self._target:
            self._busy = False
            await self._next_key()
        else:
            self._follow(followed.turn)

    async def _next_key(self) -> None:
        if self._busy or self._held or not self._keys:
            self._settled()
            return
        self._busy = True
        self._serial += 1
        self._fall_back(LONGEST_KEY)
        target = self._target
        await super().on_event(self._keys.popleft())
        self._follow(0, target)

    def _follow(self, turn: int, target: MessagePump | None = None) -> None:
        if self._held:
            return
        self._busy = True
        target = target or self._target
        target.post_message(Handled(self._serial, turn + 1, target))

    @property
    def _target(self) -> MessagePump:
        return self.focused or self.screen

    def _settled(self) -> None:
        """Nothing is waited for: no key that comes later needs the fallback."""
        if not self._busy and not self._held and self._fallback is not None:
            self._fallback.cancel()
            self._fallback = None

    def _fall_back(self, seconds: float) -> None:
        if self._fallback is not None:
            self._fallback.cancel()
        self._fallback = asyncio.get_running_loop().call_later(seconds, self._give_up, self._serial)

    def _give_up(self, serial: int) -> None:
        if serial == self._serial and (self._busy or self._held):
            self._busy = self._held = False
            self.call_later(self._next_key)
