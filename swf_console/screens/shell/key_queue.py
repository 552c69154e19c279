"""Keys are handled strictly in order: each waits until what the previous one opened has the focus."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from textual import events
from textual.message import Message
from textual.message_pump import MessagePump

ROUNDS = 2
# a handler or an opening screen that hangs delays the next key by no more than this; with shorter limits
# keys overtook each other on a busy machine
LONGEST_KEY = 2.0
LONGEST_OPENING = 3.0


class KeyHandled(Message, bubble=True, verbose=True):
    """Sent behind a key up the widgets: when it arrives, the key and its effects have been handled."""

    def __init__(self, serial: int, turn: int, target: MessagePump) -> None:
        super().__init__()
        self.serial, self.turn, self.target = serial, turn, target


def as_typed(event: events.Event) -> list[events.Event]:
    """Split Alt with a letter, to which no action is bound, into Esc and the letter typed right after it."""
    if not isinstance(event, events.Key) or not event.key.startswith("alt+"):
        return [event]
    name = event.key.removeprefix("alt+")
    name = name.removeprefix("shift+").upper() if name.startswith("shift+") else name
    return [events.Key("escape", "\x1b"), events.Key(name, event.character)]


class KeyQueue:
    """Textual delivers keys to what has the focus when they arrive; here each waits for the previous one.

    A key is done when the message sent behind it has come up from the focused widget twice (once behind the
    key, once behind what its handlers sent) and the focus has not changed since. `deliver` passes a key to
    what has the focus, `focus` returns that, `later` calls in the UI thread.
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
        """Add a key or pasted text; it is delivered when all before it are done."""
        self._keys.extend(as_typed(event))
        await self._next_key()

    def hold(self) -> None:
        """Hold back keys until `release`: a screen that is being opened takes them."""
        self._held = True
        self._fall_back(LONGEST_OPENING)

    def release(self) -> None:
        """Deliver the keys that were held back."""
        if self._held:
            self._held = False
            self._follow(0)

    async def handled(self, followed: KeyHandled) -> None:
        """Deliver the next key; if the focus has moved, first wait for the widget that has it now."""
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
        # a late `KeyHandled` of an earlier key must not release this one
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
        target.post_message(KeyHandled(self._serial, turn + 1, target))

    def _settled(self) -> None:
        """Cancel the fallback when there is nothing to wait for."""
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
