#!/usr/bin/env python3
"""Slice workers: as many as a run asks for, shared out among the processes of this agent."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from _base import Agent, HandlerContext, Message

from swf_console.agent import Subscription, runs, slices, tf_slices, workers
from swf_console.agent.records import SliceStart
from swf_console.agent.runs import COMPLETED
from swf_console.agent.slices import RESULTS_QUEUE, WORKERS_TOPIC, Slice
from swf_console.agent.worker_pool import Job, WorkerPool, terms_of

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
        self.pools: dict[int, WorkerPool] = {}
        self.feeds: dict[int, list[Subscription]] = {}
        self.lock = threading.RLock()

    def process(self, piece: Slice) -> None:
        """Process a slice: put the work itself here. What it raises makes the slice fail."""

    def handle_run_imminent_worker(self, message: Message, context: HandlerContext) -> None:
        """A run asks for workers; the notice is kept until they have gone."""
        terms = terms_of(slices.inner(message), realtime=message.execution.realtime)
        state = runs.run_state(context.connection, terms.run_number)
        if state is not None and state.phase == COMPLETED:
            return
        if not terms.queue.startswith("/queue/"):
            self.log.info("run %s: its slices go to %s, for workers elsewhere", message.run_id, terms.queue)
            return
        since = datetime.now(UTC) - STALE
        here = workers.living(context.connection, self.agent_type, self.namespace, since)
        names = sorted({*here, self.name})
        mine = deque(range(names.index(self.name), terms.workers, len(names)))
        context.keep(lambda notice: self.muster(WorkerPool(notice, terms, mine)))

    def handle_end_run(self, message: Message, context: HandlerContext) -> None:  # noqa: ARG002
        """A run has ended; whether its slices are done the database knows."""
        self.log.info("run %s has ended", message.run_id)

    def handle_slice(self, message: Message, context: HandlerContext) -> None:
        """Work on a slice: at once where it takes no time, else when a worker is free."""
        piece = slices.taken(message)
        with self.lock:
            pool = self.pool_for(piece)
            worker = pool.worker_for(piece) if pool and pool.instant and pool.free else None
        if worker is None:
            context.keep(lambda _: self.wait(piece))
        else:
            self.report(context, piece, worker, datetime.now(UTC))

    def pool_for(self, piece: Slice) -> WorkerPool | None:
        """The pool of its run, else any: what an earlier run left is done as well."""
        return self.pools.get(piece.run_number) or next(iter(self.pools.values()), None)

    def muster(self, pool: WorkerPool) -> None:
        """Have a pool: its workers come as its terms say."""
        with self.lock:
            known = self.pools.setdefault(pool.run_number, pool)
            if known is not pool:
                self.proceed([pool.notice], nothing_more)
                return
            self.feeds[pool.run_number] = []
        self.log.info("run %s: %d workers are to come", pool.run_number, len(pool.mine))
        self.after(0, lambda: self.ramp_up(pool))
        self.after(TEND_SECONDS[0], lambda: self.tend(pool, TEND_SECONDS[0]))
        self.after(SWEEP_SECONDS, lambda: self.sweep(pool))

    def ramp_up(self, pool: WorkerPool) -> None:
        """Be the workers that are due, and come back for the next ones while the pool is here."""
        if not self.is_here(pool):
            return
        due = pool.due(datetime.now(UTC))
        self.claim(pool, due)
        for _ in due:
            pool.mine.popleft()
        self.cover(pool)
        self.go_on(pool)
        if pool.mine:
            wait = (pool.terms.due(pool.mine[0]) - datetime.now(UTC)).total_seconds()
            self.after(max(wait, 0.1), lambda: self.ramp_up(pool))

    def is_here(self, pool: WorkerPool) -> bool:
        """Whether its workers have not been let go."""
        return self.pools.get(pool.run_number) is pool

    def sweep(self, pool: WorkerPool) -> None:
        """Be the workers whose process has died, and those that nobody is."""
        if not self.is_here(pool):
            return
        self.claim(pool, pool.overdue(datetime.now(UTC) - STALE))
        self.cover(pool)
        self.go_on(pool)
        self.after(SWEEP_SECONDS, lambda: self.sweep(pool))

    def cover(self, pool: WorkerPool) -> None:
        """Have the broker give us as many slices as we are workers, and no more: others wait for them too."""
        with self.lock:
            more = pool.uncovered()
            pool.covered += more
        if more:
            self.feeds[pool.run_number].append(self.follow(pool.terms.queue, more))

    def claim(self, pool: WorkerPool, numbers: Sequence[int]) -> None:
        """Be these workers, but those that another process is already."""
        if not numbers:
            return
        wanted = [pool.worker_id(number) for number in numbers]
        now = datetime.now(UTC)
        whose = {"namespace": self.namespace, "execution_id": pool.notice.execution_id}
        claim = workers.Claim(pool.run_number, wanted, self.name, self.settings.host, now, metadata=whose)
        with self.database.write() as connection:
            taken = workers.claim(connection, claim, now - STALE)
        with self.lock:
            pool.free.extend(sorted(taken))

    def wait(self, piece: Slice) -> None:
        """A slice for which nobody was free; it is looked after in the order of its coming."""
        with self.lock:
            pool = self.pool_for(piece)
            if pool is not None:
                pool.waiting.append(piece)
        if pool is None:  # the last has just gone: its feed closes soon, and others are given the slice
            self.give_back([piece.source])
        else:
            self.after(0, lambda: self.go_on(pool))

    def go_on(self, pool: WorkerPool) -> None:
        """Finish the slices whose time is over, and begin others."""
        clock = time.monotonic()
        with self.lock:
            done = {job.piece.source.id: job for job in pool.pop_finished(clock)}
        if done:
            self.proceed(
                [job.piece.source for job in done.values()],
                lambda message, context: self.finish(context, done[message.id]),
            )
        with self.lock:
            pool.free.extend(job.worker for job in done.values())
            begun = {job.piece.source.id: job for job in pool.assign(datetime.now(UTC), clock)}
            due = pool.next_end()
        if begun:
            self.proceed(
                [job.piece.source for job in begun.values()],
                lambda message, context: start(context, begun[message.id]),
            )
        if due is not None and (done or begun):
            self.after(due - time.monotonic(), lambda: self.go_on(pool))

    def finish(self, context: HandlerContext, job: Job) -> None:
        """A worker is through with a slice."""
        self.report(context, job.piece, job.worker, job.began)

    def report(self, context: HandlerContext, piece: Slice, worker: str, began: datetime) -> None:
        """Do the work, and say what came of it."""
        error = None
        try:
            self.process(piece)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            self.log.exception("slice %d of %s failed", piece.slice_id, piece.tf_filename)
        told = slices.result_message(piece, worker, self.settings.host, began, error)
        context.send(RESULTS_QUEUE, told, key=piece.req_id)

    def tend(self, pool: WorkerPool, pause: float) -> None:
        """Say what the workers do, and let them go once the run is over and every slice done."""
        with self.database.read() as connection:
            state = runs.run_state(connection, pool.run_number)
        phase = state.phase if state is not None else ""
        clock = time.monotonic()
        with self.lock:
            if phase not in ENDED or pool.busy:
                pool.over_since = None
            elif pool.over_since is None:
                pool.over_since = clock
            waited = clock - pool.over_since if pool.over_since is not None else 0.0
        patience = pool.terms.rampdown_time if phase == COMPLETED else PATIENCE_SECONDS
        if pool.over_since is not None and waited >= patience:
            self.dismiss(pool)
            return
        with self.lock:
            beats = pool.beats(datetime.now(UTC))
        with self.database.write() as connection:
            workers.beat(connection, pool.run_number, beats)
        pause = min(pause * 1.5, TEND_SECONDS[1])
        self.after(pause, lambda: self.tend(pool, pause))

    def dismiss(self, pool: WorkerPool) -> None:
        """The workers of a run go, and its notice with them."""
        # those whose process came too late for the run were there as well, with nothing to do
        self.claim(pool, pool.overdue(datetime.now(UTC)))
        names = list(pool.free)
        with self.database.write() as connection:
            workers.end(connection, pool.run_number, names, datetime.now(UTC))
        with self.lock:
            del self.pools[pool.run_number]
            feeds, left = self.feeds.pop(pool.run_number), list(pool.waiting)
        for feed in feeds:  # what was done of it last is acknowledged first
            self.after(FAREWELL_SECONDS, lambda feed=feed: self.unfollow(feed))  # type: ignore[misc]
        for piece in left:
            self.wait(piece)
        self.proceed([pool.notice], nothing_more)
        self.log.info("run %s: %d workers have gone", pool.run_number, len(names))


def start(context: HandlerContext, job: Job) -> None:
    """A worker begins a slice, which is kept until it is through."""
    context.write(tf_slices.begin, SliceStart(*job.piece.key, job.worker, job.began))
    context.keep(nothing_yet)


def nothing_yet(_message: Message) -> None:
    """It is in work."""


def nothing_more(_message: Message, _context: HandlerContext) -> None:
    """It is over."""


if __name__ == "__main__":
    SliceWorker.main()
