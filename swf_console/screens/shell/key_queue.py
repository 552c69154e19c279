"""Keys in their turn: what a key opens is there, and has the focus, before the next one comes."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from textual import events
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


class KeyQueue:
    """Textual hands keys to whatever has the focus when they come; here each waits for the one before.

    A key is over when what followed it from the widget in focus has come up twice (once behind the key,
    once behind what its handlers have sent), and the focus is still where it was then.
    `deliver` hands a key to what has the focus, `focus` says what that is, `later` calls in the UI thread.
    """

    def __init__(
        self,
        deliver: Callable[[events.Event], Awaitable[None]],
        focus: Callable[[], MessagePump],
        later: Callable[[Callable[[], Awaitable[None]]], object],
    ) -> None:
        self._deliver, self._focus, self._later = deliver, focus, later
        self._keys: deque[events.Event] = deque()
        self._serial = 0
        self._busy = self._held = False
        self._fallback: asyncio.TimerHandle | None = None

    async def put(self, event: events.Event) -> None:
        """A key or pasted text: delivered when all before it are over."""
        self._keys.extend(as_typed(event))
        await self._next_key()

    def hold(self) -> None:
        """What is being opened takes the keys that come: they wait until `release`."""
        self._held = True
        self._fall_back(LONGEST_OPENING)

    def release(self) -> None:
        """It is open, and has the focus."""
        if self._held:
            self._held = False
            self._follow(0)

    async def handled(self, followed: Handled) -> None:
        """The key is over, or something new has the focus since: that is waited for too."""
        if followed.serial != self._serial or not self._busy:
            return
        if followed.turn >= ROUNDS and followed.target is self._focus():
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
        target = self._focus()
        await self._deliver(self._keys.popleft())
        self._follow(0, target)

    def _follow(self, turn: int, target: MessagePump | None = None) -> None:
        if self._held:
            return
        self._busy = True
        target = target or self._focus()
        target.post_message(Handled(self._serial, turn + 1, target))

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
            self._later(self._next_key)
