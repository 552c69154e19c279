"""Threads that run a workflow's code: interrupted after 5 s, abandoned after 10 s if they do not yield."""

import ctypes
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Generic, TypeVar

INTERRUPT_SECONDS = 5.0
ABANDON_SECONDS = 10.0
LONGEST_TRACE = 50  # frames

T = TypeVar("T")


class WorkflowInterrupted(BaseException):
    """Raised in workflow code that has not yielded for 5 s after a stop request.

    Not an Exception, so that a workflow's `except Exception` does not swallow it.
    """


class WorkflowCodeSection:
    """The parts of a thread that execute workflow code: interrupt() raises there and nowhere else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # guards _active: an exception must not be raised in a thread that has left the section
        self._lock = threading.Lock()
        self._active = False
        self._ident: int | None = None
        self.interrupted = False
        self.interrupted_at = ""
        self.interrupted_trace = ""

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Execute workflow code in the calling thread."""
        with self._lock:
            self._ident, self._active = threading.get_ident(), True
        try:
            yield
        finally:
            with self._lock:
                self._active = False
                if self.interrupted:
                    # an exception that was set but not raised yet would surface in the caller's code
                    _set_exception(self._ident, None)

    def interrupt(self) -> bool:
        """Raise WorkflowInterrupted in the workflow's code; False if the thread is not executing any.

        A call into C (a sleep, a lock, a read) is not interrupted: the exception is raised when it returns.
        """
        with self._lock:
            if not self._active or self._ident is None:
                return False
            self.interrupted = True
            self.interrupted_at, self.interrupted_trace = self.location(), self.trace()
            return _set_exception(self._ident, WorkflowInterrupted)

    def location(self) -> str:
        """FILE:LINE of the workflow's code that is executed now, else of the innermost Python code."""
        frame = innermost = self._frame()
        while frame is not None and frame.f_code.co_filename != str(self._path):
            frame = frame.f_back
        frame = frame or innermost
        return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame else f"{self._path.name}:?"

    def trace(self) -> str:
        """The stack of the thread as text, outermost call first."""
        frame = self._frame()
        return "".join(traceback.format_stack(frame, LONGEST_TRACE)) if frame else ""

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._ident or 0)


class WorkflowStuck(Exception):
    """Workflow code that was abandoned; the text is the FILE:LINE that it was executing."""


class BoundedThread(Generic[T]):
    """Runs `call`, which enters `section` for workflow code, in a daemon thread; starts immediately."""

    def __init__(self, call: Callable[[], T], section: WorkflowCodeSection, name: str) -> None:
        self._call, self._section = call, section
        self._results: list[T] = []
        self._error: BaseException | None = None
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wait for the end, interrupt after 5 s; raises WorkflowStuck after 10 s."""
        if self.done.wait(INTERRUPT_SECONDS):
            return
        self._section.interrupt()
        if not self.done.wait(ABANDON_SECONDS - INTERRUPT_SECONDS):
            note_abandoned(self._thread)
            raise WorkflowStuck(self._section.location())

    def result(self) -> T:
        """What `call` returned or raised; only after its end."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asks for the result
            self._error = error
        finally:
            self.done.set()


_abandoned: list[threading.Thread] = []


def note_abandoned(thread: threading.Thread) -> None:
    """Remember a thread that this process no longer waits for."""
    _abandoned.append(thread)


def abandoned_threads() -> list[threading.Thread]:
    """The abandoned threads that are still alive."""
    return [thread for thread in _abandoned if thread.is_alive()]


def _set_exception(ident: int | None, kind: type[BaseException] | None) -> bool:
    """PyThreadState_SetAsyncExc: raised at the thread's next bytecode; None clears one that is pending."""
    exception = ctypes.py_object(kind) if kind is not None else None
    return bool(ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident or 0), exception))
