#!/usr/bin/env python3
"""Slice workers: as many as a run asks for, shared out among the processes of this agent."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from _base import Agent, Message, Work

from swf_console.backend.agent import slices
from swf_console.backend.agent.crew import Crew, Job, terms_of
from swf_console.backend.agent.slices import RESULTS_QUEUE, WORKERS_TOPIC, Slice
from swf_console.backend.database import slices as slice_rows
from swf_console.backend.database import states, worker_crews
from swf_console.backend.database.slice_records import SliceStart
from swf_console.backend.database.states import COMPLETED
from swf_console.backend.messaging.feed import Feed

STALE = timedelta(seconds=90)  # three heart-beats: who is silent for longer is not there
TEND_SECONDS = (0.2, 5.0)
SWEEP_SECONDS = 30.0
FAREWELL_SECONDS = 2.0
PATIENCE_SECONDS = 600.0  # with a run that has ended, and whose slices do not come
ENDED = ("ended", COMPLETED)


class SliceWorker(Agent):
    """run_imminent_worker -> workers ramp up and take slices -> slice_result; they go when all is done."""

    agent_type = "slice_worker"
    description = "Workers that process TF slices"
    destinations = (WORKERS_TOPIC,)
    counted = "slice"
    remembers = True

    def begin(self) -> None:
        """No run has asked yet."""
        self.crews: dict[int, Crew] = {}
        self.feeds: dict[int, list[Feed]] = {}
        self.lock = threading.RLock()

    def process(self, piece: Slice) -> None:
        """Process a slice: put the work itself here. What it raises makes the slice fail."""

    def handle_run_imminent_worker(self, message: Message, work: Work) -> None:
        """A run asks for workers; the notice is kept until they have gone."""
        terms = terms_of(slices.inner(message), realtime=message.execution.realtime)
        state = states.run_state(work.connection, terms.run_number)
        if state is not None and state.phase == COMPLETED:
            return
        if not terms.queue.startswith("/queue/"):
            self.log.info("run %s: its slices go to %s, for workers elsewhere", message.run_id, terms.queue)
            return
        since = datetime.now(UTC) - STALE
        here = worker_crews.living(work.connection, self.agent_type, self.namespace, since)
        names = sorted({*here, self.name})
        mine = deque(range(names.index(self.name), terms.workers, len(names)))
        work.keep(lambda notice: self.muster(Crew(notice, terms, mine)))

    def handle_end_run(self, message: Message, work: Work) -> None:  # noqa: ARG002
        """A run has ended; whether its slices are done the database knows."""
        self.log.info("run %s has ended", message.run_id)

    def handle_slice(self, message: Message, work: Work) -> None:
        """Work on a slice: at once where it takes no time, else when a worker is free."""
        piece = slices.taken(message)
        with self.lock:
            crew = self.crew_for(piece)
            worker = crew.worker_for(piece) if crew and crew.instant and crew.free else None
        if worker is None:
            work.keep(lambda _: self.wait(piece))
        else:
            self.report(work, piece, worker, datetime.now(UTC))

    def crew_for(self, piece: Slice) -> Crew | None:
        """The crew of its run, else any: what an earlier run left is done as well."""
        return self.crews.get(piece.run_number) or next(iter(self.crews.values()), None)

    def muster(self, crew: Crew) -> None:
        """Have a crew: its workers come as its terms say."""
        with self.lock:
            known = self.crews.setdefault(crew.run_number, crew)
            if known is not crew:
                self.proceed([crew.notice], nothing_more)
                return
            self.feeds[crew.run_number] = []
        self.log.info("run %s: %d workers are to come", crew.run_number, len(crew.mine))
        self.after(0, lambda: self.ramp_up(crew))
        self.after(TEND_SECONDS[0], lambda: self.tend(crew, TEND_SECONDS[0]))
        self.after(SWEEP_SECONDS, lambda: self.sweep(crew))

    def ramp_up(self, crew: Crew) -> None:
        """Be the workers that are due, and come back for the next ones while the crew is here."""
        if not self.is_here(crew):
            return
        due = crew.due(datetime.now(UTC))
        self.claim(crew, due)
        for _ in due:
            crew.mine.popleft()
        self.cover(crew)
        self.go_on(crew)
        if crew.mine:
            wait = (crew.terms.due(crew.mine[0]) - datetime.now(UTC)).total_seconds()
            self.after(max(wait, 0.1), lambda: self.ramp_up(crew))

    def is_here(self, crew: Crew) -> bool:
        """Whether its workers have not been let go."""
        return self.crews.get(crew.run_number) is crew

    def sweep(self, crew: Crew) -> None:
        """Be the workers whose process has died, and those that nobody is."""
        if not self.is_here(crew):
            return
        self.claim(crew, crew.overdue(datetime.now(UTC) - STALE))
        self.cover(crew)
        self.go_on(crew)
        self.after(SWEEP_SECONDS, lambda: self.sweep(crew))

    def cover(self, crew: Crew) -> None:
        """Have the broker give us as many slices as we are workers, and no more: others wait for them too."""
        with self.lock:
            more = crew.uncovered()
            crew.covered += more
        if more:
            self.feeds[crew.run_number].append(self.follow(crew.terms.queue, more))

    def claim(self, crew: Crew, numbers: Sequence[int]) -> None:
        """Be these workers, but those that another process is already."""
        if not numbers:
            return
        wanted = [crew.worker_id(number) for number in numbers]
        now = datetime.now(UTC)
        whose = {"namespace": self.namespace, "execution_id": crew.notice.execution_id}
        claim = worker_crews.Claim(
            crew.run_number, wanted, self.name, self.settings.host, now, metadata=whose
        )
        with self.database.write() as connection:
            taken = worker_crews.claim(connection, claim, now - STALE)
        with self.lock:
            crew.free.extend(sorted(taken))

    def wait(self, piece: Slice) -> None:
        """A slice for which nobody was free; it is looked after in the order of its coming."""
        with self.lock:
            crew = self.crew_for(piece)
            if crew is not None:
                crew.waiting.append(piece)
        if crew is None:  # the last has just gone: its feed closes soon, and others are given the slice
            self.give_back([piece.source])
        else:
            self.after(0, lambda: self.go_on(crew))

    def go_on(self, crew: Crew) -> None:
        """Finish the slices whose time is over, and begin others."""
        clock = time.monotonic()
        with self.lock:
            done = {job.piece.source.id: job for job in crew.pop_finished(clock)}
        if done:
            self.proceed(
                [job.piece.source for job in done.values()],
                lambda message, work: self.finish(work, done[message.id]),
            )
        with self.lock:
            crew.free.extend(job.worker for job in done.values())
            begun = {job.piece.source.id: job for job in crew.assign(datetime.now(UTC), clock)}
            due = crew.next_end()
        if begun:
            self.proceed(
                [job.piece.source for job in begun.values()],
                lambda message, work: start(work, begun[message.id]),
            )
        if due is not None and (done or begun):
            self.after(due - time.monotonic(), lambda: self.go_on(crew))

    def finish(self, work: Work, job: Job) -> None:
        """A worker is through with a slice."""
        self.report(work, job.piece, job.worker, job.began)

    def report(self, work: Work, piece: Slice, worker: str, began: datetime) -> None:
        """Do the work, and say what came of it."""
        error = None
        try:
            self.process(piece)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            self.log.exception("slice %d of %s failed", piece.slice_id, piece.tf_filename)
        told = slices.result_message(piece, worker, self.settings.host, began, error)
        work.send(RESULTS_QUEUE, told, key=piece.req_id)

    def tend(self, crew: Crew, pause: float) -> None:
        """Say what the workers do, and let them go once the run is over and every slice done."""
        with self.database.read() as connection:
            state = states.run_state(connection, crew.run_number)
        phase = state.phase if state is not None else ""
        clock = time.monotonic()
        with self.lock:
            if phase not in ENDED or crew.busy:
                crew.over_since = None
            elif crew.over_since is None:
                crew.over_since = clock
            waited = clock - crew.over_since if crew.over_since is not None else 0.0
        patience = crew.terms.rampdown_time if phase == COMPLETED else PATIENCE_SECONDS
        if crew.over_since is not None and waited >= patience:
            self.dismiss(crew)
            return
        with self.lock:
            beats = crew.beats(datetime.now(UTC))
        with self.database.write() as connection:
            worker_crews.beat(connection, crew.run_number, beats)
        pause = min(pause * 1.5, TEND_SECONDS[1])
        self.after(pause, lambda: self.tend(crew, pause))

    def dismiss(self, crew: Crew) -> None:
        """The workers of a run go, and its notice with them."""
        # those whose process came too late for the run were there as well, with nothing to do
        self.claim(crew, crew.overdue(datetime.now(UTC)))
        workers = list(crew.free)
        with self.database.write() as connection:
            worker_crews.end(connection, crew.run_number, workers, datetime.now(UTC))
        with self.lock:
            del self.crews[crew.run_number]
            feeds, left = self.feeds.pop(crew.run_number), list(crew.waiting)
        for feed in feeds:  # what was done of it last is acknowledged first
            self.after(FAREWELL_SECONDS, lambda feed=feed: self.unfollow(feed))  # type: ignore[misc]
        for piece in left:
            self.wait(piece)
        self.proceed([crew.notice], nothing_more)
        self.log.info("run %s: %d workers have gone", crew.run_number, len(workers))


def start(work: Work, job: Job) -> None:
    """A worker begins a slice, which is kept until it is through."""
    work.write(slice_rows.begin, SliceStart(*job.piece.key, job.worker, job.began))
    work.keep(nothing_yet)


def nothing_yet(_message: Message) -> None:
    """It is in work."""


def nothing_more(_message: Message, _work: Work) -> None:
    """It is over."""


if __name__ == "__main__":
    SliceWorker.main()
