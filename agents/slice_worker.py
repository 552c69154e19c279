#!/usr/bin/env python3
"""Slice workers: as many as a run requests, distributed over the processes of this agent."""

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

STALE = timedelta(seconds=90)  # three heartbeats: an older agent has ended
CHECK_SECONDS = (0.2, 5.0)
TAKEOVER_SECONDS = 30.0
UNSUBSCRIBE_SECONDS = 2.0
MISSING_SLICES_SECONDS = 600.0  # how long workers of an ended run wait for slices that are missing
ENDED = ("ended", COMPLETED)


class SliceWorker(Agent):
    """run_imminent_worker -> workers ramp up and process slices -> slice_result; they end after the last."""

    agent_type = "slice_worker"
    description = "Workers that process TF slices"
    destinations = (WORKERS_TOPIC,)
    counted = "slice"
    remembers = True

    def begin(self) -> None:
        """Start without workers."""
        self.pools: dict[int, WorkerPool] = {}
        self.subscriptions: dict[int, list[Subscription]] = {}
        self.lock = threading.RLock()  # guards pools and subscriptions: consumer and timer threads use them

    def process(self, piece: Slice) -> None:
        """Process a slice. Insert the real work here; an exception makes the slice fail."""

    def handle_run_imminent_worker(self, message: Message, context: HandlerContext) -> None:
        """Start the workers of a run; the message is acknowledged after they have ended."""
        terms = terms_of(slices.inner(message), realtime=message.execution.realtime)
        state = runs.run_state(context.connection, terms.run_number)
        if state is not None and state.phase == COMPLETED:
            return
        if not terms.queue.startswith("/queue/"):
            self.log.info("run %s: slices go to %s, for external workers", message.run_id, terms.queue)
            return
        since = datetime.now(UTC) - STALE
        alive = workers.living(context.connection, self.agent_type, self.namespace, since)
        names = sorted({*alive, self.name})
        mine = deque(range(names.index(self.name), terms.workers, len(names)))
        context.keep(lambda notice: self.open_pool(WorkerPool(notice, terms, mine)))

    def handle_end_run(self, message: Message, context: HandlerContext) -> None:  # noqa: ARG002
        """Log the end of the run; the database shows whether its slices are done."""
        self.log.info("run %s: ended", message.run_id)

    def handle_slice(self, message: Message, context: HandlerContext) -> None:
        """Process a slice: immediately if it takes no time, else when a worker is free."""
        piece = slices.taken(message)
        with self.lock:
            pool = self.pool_for(piece)
            worker = pool.worker_for(piece) if pool and pool.instant and pool.free else None
        if worker is None:
            context.keep(lambda _: self.enqueue(piece))
        else:
            self.report(context, piece, worker, datetime.now(UTC))

    def pool_for(self, piece: Slice) -> WorkerPool | None:
        """The pool of its run, else any: slices left by an earlier run are processed too."""
        return self.pools.get(piece.run_number) or next(iter(self.pools.values()), None)

    def open_pool(self, pool: WorkerPool) -> None:
        """Add a pool, and start its workers according to its terms."""
        with self.lock:
            known = self.pools.setdefault(pool.run_number, pool)
            if known is not pool:
                self.proceed([pool.notice], acknowledge_only)
                return
            self.subscriptions[pool.run_number] = []
        self.log.info("run %s: %d workers to start", pool.run_number, len(pool.mine))
        self.after(0, lambda: self.ramp_up(pool))
        self.after(CHECK_SECONDS[0], lambda: self.check(pool, CHECK_SECONDS[0]))
        self.after(TAKEOVER_SECONDS, lambda: self.take_over(pool))

    def ramp_up(self, pool: WorkerPool) -> None:
        """Start the workers that are due, and call again for the next ones while the pool is open."""
        if not self.is_open(pool):
            return
        due = pool.due(datetime.now(UTC))
        self.claim(pool, due)
        for _ in due:
            pool.mine.popleft()
        self.request_slices(pool)
        self.advance(pool)
        if pool.mine:
            wait = (pool.terms.due(pool.mine[0]) - datetime.now(UTC)).total_seconds()
            self.after(max(wait, 0.1), lambda: self.ramp_up(pool))

    def is_open(self, pool: WorkerPool) -> bool:
        """Whether the pool is not closed."""
        return self.pools.get(pool.run_number) is pool

    def take_over(self, pool: WorkerPool) -> None:
        """Take over the workers of ended processes, and those that no process has started."""
        if not self.is_open(pool):
            return
        self.claim(pool, pool.overdue(datetime.now(UTC) - STALE))
        self.request_slices(pool)
        self.advance(pool)
        self.after(TAKEOVER_SECONDS, lambda: self.take_over(pool))

    def request_slices(self, pool: WorkerPool) -> None:
        """Request one slice for each worker, and no more: other processes need slices too."""
        with self.lock:
            more = pool.uncovered()
            pool.covered += more
        if more:
            self.subscriptions[pool.run_number].append(self.follow(pool.terms.queue, more))

    def claim(self, pool: WorkerPool, numbers: Sequence[int]) -> None:
        """Start these workers, except those that another process has already."""
        if not numbers:
            return
        wanted = [pool.worker_id(number) for number in numbers]
        now = datetime.now(UTC)
        labels = {"namespace": self.namespace, "execution_id": pool.notice.execution_id}
        claim = workers.Claim(pool.run_number, wanted, self.name, self.settings.host, now, metadata=labels)
        with self.database.write() as connection:
            taken = workers.claim(connection, claim, now - STALE)
        with self.lock:
            pool.free.extend(sorted(taken))

    def enqueue(self, piece: Slice) -> None:
        """Add a slice to the waiting ones, which are processed in order of arrival."""
        with self.lock:
            pool = self.pool_for(piece)
            if pool is not None:
                pool.waiting.append(piece)
        if pool is None:  # the last pool was closed: another process gets the slice after the unsubscribe
            self.give_back([piece.source])
        else:
            self.after(0, lambda: self.advance(pool))

    def advance(self, pool: WorkerPool) -> None:
        """Finish the slices whose time is over, and start others."""
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
            started = {job.piece.source.id: job for job in pool.assign(datetime.now(UTC), clock)}
            due = pool.next_end()
        if started:
            self.proceed(
                [job.piece.source for job in started.values()],
                lambda message, context: start(context, started[message.id]),
            )
        if due is not None and (done or started):
            self.after(due - time.monotonic(), lambda: self.advance(pool))

    def finish(self, context: HandlerContext, job: Job) -> None:
        """Process the slice at the end of its time, and report."""
        self.report(context, job.piece, job.worker, job.began)

    def report(self, context: HandlerContext, piece: Slice, worker: str, started_at: datetime) -> None:
        """Process a slice, and send its result."""
        error = None
        try:
            self.process(piece)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            self.log.exception("slice %d of %s: failed", piece.slice_id, piece.tf_filename)
        result = slices.result_message(piece, worker, self.settings.host, started_at, error)
        context.send(RESULTS_QUEUE, result, key=piece.req_id)

    def check(self, pool: WorkerPool, pause: float) -> None:
        """Write the workers' heartbeats; close the pool once the run has ended and all slices are done."""
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
        patience = pool.terms.rampdown_time if phase == COMPLETED else MISSING_SLICES_SECONDS
        if pool.over_since is not None and waited >= patience:
            self.close_pool(pool)
            return
        with self.lock:
            beats = pool.beats(datetime.now(UTC))
        with self.database.write() as connection:
            workers.beat(connection, pool.run_number, beats)
        pause = min(pause * 1.5, CHECK_SECONDS[1])
        self.after(pause, lambda: self.check(pool, pause))

    def close_pool(self, pool: WorkerPool) -> None:
        """End the workers of a run, and acknowledge its message."""
        # workers that no process has started yet are recorded too: the run requested them
        self.claim(pool, pool.overdue(datetime.now(UTC)))
        names = list(pool.free)
        with self.database.write() as connection:
            workers.end(connection, pool.run_number, names, datetime.now(UTC))
        with self.lock:
            del self.pools[pool.run_number]
            subscriptions, left = self.subscriptions.pop(pool.run_number), list(pool.waiting)
        for one in subscriptions:  # later: the acknowledgements of the last slices come first
            self.after(UNSUBSCRIBE_SECONDS, lambda one=one: self.unfollow(one))  # type: ignore[misc]
        for piece in left:
            self.enqueue(piece)
        self.proceed([pool.notice], acknowledge_only)
        self.log.info("run %s: %d workers ended", pool.run_number, len(names))


def start(context: HandlerContext, job: Job) -> None:
    """Record that a worker has started a slice; its message is kept until the end."""
    context.write(tf_slices.begin, SliceStart(*job.piece.key, job.worker, job.began))
    context.keep(do_nothing)


def do_nothing(_message: Message) -> None:
    """The slice is in processing."""


def acknowledge_only(_message: Message, _context: HandlerContext) -> None:
    """The message only needs its acknowledgement."""


if __name__ == "__main__":
    SliceWorker.main()
