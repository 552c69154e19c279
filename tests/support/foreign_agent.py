"""Agents by another hand: they know the two wire contracts, `requests` and stomp.py, and no line of ours.

`python foreign_agent.py data|fastmon|fast_processing|worker` takes the variables of `swf-console env`, and
STRANGER_NAMESPACE. STRANGER_DOUBT=yes: every request is sent twice, and one answer in ten is lost.
"""

import json
import os
import random
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

import requests
import stomp

EPICTOPIC = "/topic/epictopic"
WORKERS = "/topic/panda.workers"
SLICES = "/queue/panda.transformer.slices"
RESULTS = "/queue/panda.results.fastprocessing"
SAMPLES = 2
HOST = socket.gethostname()
NAMESPACE = os.environ.get("STRANGER_NAMESPACE")
DOUBT = os.environ.get("STRANGER_DOUBT") == "yes"

Body = dict[str, Any]


def now() -> str:
    """The time as they spell it: local, without a zone."""
    return datetime.now().isoformat()  # noqa: DTZ005


def give_up(why: str) -> NoReturn:
    """End the process: a thread of stomp.py would only end itself."""
    sys.stderr.write(f"{why}\n")
    sys.stderr.flush()
    os._exit(1)


class Monitor:
    """The monitor as `requests` reaches it."""

    def __init__(self) -> None:
        self._base = os.environ["SWF_MONITOR_URL"] + "/api"
        self._chance = random.Random(os.getpid())
        self._local = threading.local()

    def __call__(self, method: str, path: str, document: Any = None) -> Any:
        """The answer of a request, however often it takes."""
        for _ in range(2 if DOUBT else 1):
            answer = self._once(method, path, document)
            while DOUBT and self._chance.random() < 0.1:
                answer = self._once(method, path, document)
        return answer

    def _once(self, method: str, path: str, document: Any) -> Any:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers["Authorization"] = f"Token {os.environ['SWF_API_TOKEN']}"
        answer = self._local.session.request(
            method, self._base + path, json=document, timeout=30, allow_redirects=False
        )
        if answer.status_code not in (200, 201) or not answer.content:
            give_up(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


class Agent(stomp.ConnectionListener):
    """What every one of them does: a name, heart-beats, messages of its namespace handled one by one."""

    kind = ""
    follows: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.monitor = Monitor()
        number = self.monitor("POST", "/state/next-agent-id/")["agent_id"]
        self.name = f"{self.kind}-agent-foreign-{number}"
        self.ended = threading.Event()
        place = (os.environ["ACTIVEMQ_HOST"], int(os.environ["ACTIVEMQ_PORT"]))
        self.broker = stomp.Connection12([place], vhost=place[0])
        self.broker.set_listener("", self)
        self.done = 0

    def serve(self) -> None:
        """Work until SIGTERM."""
        self.beat("STARTING")
        self.broker.connect(os.environ["ACTIVEMQ_USER"], os.environ["ACTIVEMQ_PASSWORD"], wait=True)
        for number, destination in enumerate(self.follows):
            known = {"subscriber_name": f"{self.name}-{destination}", "description": "", "is_active": True}
            self.monitor("POST", "/subscribers/", {**known, "fraction": 1.0})
            self.broker.subscribe(destination, id=str(number), ack="client-individual")
        self.beat("READY")
        self.ended.wait()
        self.broker.disconnect()
        self.beat("EXITED")

    def beat(self, state: str) -> None:
        """Tell the monitor how it is."""
        said = {
            "instance_name": self.name,
            "agent_type": self.kind,
            "status": "EXITED" if state == "EXITED" else "OK",
            "description": f"{self.kind} agent of another hand",
            "mq_connected": self.broker.is_connected(),
            "pid": os.getpid(),
            "hostname": HOST,
            "operational_state": state,
            "namespace": NAMESPACE,
            "total_stf_processed": str(self.done),
            "metadata": {state: now()},
        }
        answer = self.monitor("POST", "/systemagents/heartbeat/", said)
        if answer["status"] != said["status"]:
            give_up(f"a heart-beat was answered with {answer}")

    def on_message(self, frame: Any) -> None:
        """Handle a message; what is none of ours is left alone."""
        body = json.loads(frame.body)
        handler: Callable[[Body], None] | None = getattr(self, f"on_{body.get('msg_type')}", None)
        if handler is not None and body.get("namespace") in (None, NAMESPACE):
            handler(body)
        self.broker.ack(frame.headers["ack"])

    def send(self, destination: str, msg_type: str, run_id: str, **fields: Any) -> None:
        """Send a message."""
        common = {"msg_type": msg_type, "namespace": NAMESPACE, "sender": self.name, "run_id": run_id}
        body = {**common, "timestamp": now(), **fields}
        self.broker.send(destination, json.dumps(body), headers={"persistent": "true"})


class Data(Agent):
    """Registers runs and STF files."""

    kind, follows = "data", (EPICTOPIC,)

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, int] = {}

    def on_run_imminent(self, body: Body) -> None:
        run = {"run_number": body["run_id"], "start_time": now()}
        conditions = {"execution_id": body["execution_id"]}
        answer = self.monitor("POST", "/runs/", {**run, "run_conditions": conditions})
        self.runs[body["run_id"]] = answer["run_id"]
        self.beat("PROCESSING")

    def on_stf_gen(self, body: Body) -> None:
        stf = {"run": self.runs[body["run_id"]], "stf_filename": body["filename"], "file_size_bytes": 2**31}
        self.monitor("POST", "/stf-files/", {**stf, "machine_state": "physics", "metadata": {"a": 1}})
        found = self.monitor("GET", f"/stf-files/?stf_filename={body['filename']}")
        changes = {"status": "processed", "metadata": {"b": [2]}}
        self.monitor("PATCH", f"/stf-files/{found[0]['file_id']}/", changes)
        self.done += 1
        more = {"filename": body["filename"], "sequence": body["sequence"], "processed_by": self.name}
        self.send(EPICTOPIC, "stf_ready", body["run_id"], **more)

    def on_end_run(self, body: Body) -> None:
        end = {"end_time": now(), "run_conditions": {"stfs": body["total_stf_files"]}}
        self.monitor("PATCH", f"/runs/{self.runs[body['run_id']]}/", end)
        self.beat("READY")


class Fastmon(Agent):
    """Registers TF samples of every STF."""

    kind, follows = "fastmon", (EPICTOPIC,)

    def on_stf_ready(self, body: Body) -> None:
        for number in range(1, SAMPLES + 1):
            sample = {
                "tf_filename": f"{body['filename'].removesuffix('.stf')}_tf_{number:03d}.tf",
                "tf_first": 0,
                "tf_last": 99,
                "tf_count": 100,
                "file_size_bytes": 1000,
                "status": "registered",
            }
            stored = self.monitor("POST", "/fastmon-files/", {**sample, "stf_file": body["filename"]})
            if any(stored[name] != value for name, value in sample.items()):
                give_up(f"a TF sample was answered with {stored}")
            more = {
                "tf_file_id": stored["tf_file_id"],
                "stf_filename": body["filename"],
                "execution_id": None,
            }
            self.send(EPICTOPIC, "tf_file_registered", body["run_id"], **sample, **more)
        self.done += 1


class FastProcessing(Agent):
    """Cuts samples into slices, gives them to workers, and reports what became of them."""

    kind, follows = "fast_processing", (EPICTOPIC, RESULTS)

    def __init__(self) -> None:
        super().__init__()
        self.parameters: dict[str, Body] = {}
        self.waiting: dict[str, int] = {}

    def on_run_imminent(self, body: Body) -> None:
        run, execution_id = body["run_id"], body["execution_id"]
        execution = self.monitor("GET", f"/workflow-executions/{execution_id}/")
        parameters = execution["parameter_values"]["fast_processing"]
        self.parameters[run], self.waiting[run] = {**parameters, "execution_id": execution_id}, 0
        state = {"run_number": run, "phase": "imminent", "state": "beam", "substate": "not_ready"}
        counters = {"target_worker_count": str(parameters["target_worker_count"]), "slices_created": 7}
        self.monitor("POST", "/run-states/", {**state, **counters, "metadata": {"agent": self.name}})
        self._event(body)
        content = {**body, "target_worker_count": parameters["target_worker_count"], "core_count": 1}
        self.send(WORKERS, "run_imminent_worker", run, content=content)

    def on_start_run(self, body: Body) -> None:
        change = {"state": "run", "substate": "physics", "phase": "physics", "metadata": {"started": True}}
        self.monitor("PATCH", f"/run-states/{body['run_id']}/", change)
        self._event(body)

    def on_tf_file_registered(self, body: Body) -> None:
        run = body["run_id"]
        per_slice = body["tf_count"] // self.parameters[run]["slices_per_sample"]
        for number in range(self.parameters[run]["slices_per_sample"]):
            name = f"{body['tf_filename'].removesuffix('.tf')}_slice_{number:03d}.tf"
            first = body["tf_first"] + number * per_slice
            part = {
                "slice_id": number,
                "tf_first": first,
                "tf_last": first + per_slice - 1,
                "tf_count": per_slice,
            }
            named = {"tf_filename": name, "stf_filename": body["stf_filename"]}
            more = {"run_number": run, "status": "queued", "retries": 0, "metadata": {"made_by": self.name}}
            self.monitor("POST", "/tf-slices/", {**part, **named, **more})
            self.waiting[run] += 1
            content = {
                "run_id": run,
                "execution_id": self.parameters[run]["execution_id"],
                "req_id": str(uuid.uuid4()),
                "filename": body["stf_filename"],
                "tf_filename": name,
                "slice_id": number,
                "start": first,
                "end": first + per_slice - 1,
                "tf_count": per_slice,
                "state": "queued",
                "substate": "new",
            }
            self.send(SLICES, "slice", run, content=content)

    def on_slice_result(self, body: Body) -> None:
        run, content = str(body["run_id"]), body["content"]
        number = content["result"]["result"]["slice_id"]
        found = self.monitor("GET", f"/tf-slices/?run_number={run}&slice_id={number}")
        change = {
            "status": "completed" if content["state"] == "done" else "failed",
            "processed_at": content["processed_at"],
            "metadata": {"worker_hostname": content["hostname"], "result": content["result"]},
        }
        self.monitor("PATCH", f"/tf-slices/{found[0]['id']}/", change)
        self.waiting[run] -= 1

    def on_end_run(self, body: Body) -> None:
        change = {"phase": "ended", "state": "beam", "substate": "not_ready", "slices_completed": "1"}
        self.monitor("PATCH", f"/run-states/{body['run_id']}/", {**change, "metadata": {"ended": True}})
        self._event(body)
        self.send(WORKERS, "end_run", body["run_id"], content=body)

    def _event(self, body: Body) -> None:
        event = {
            "timestamp": body["timestamp"],
            "run_number": body["run_id"],
            "event_type": f"stranger_{body['msg_type']}",
            "state": body["state"],
            "substate": body["substate"],
            "event_data": {"tick": body["simulation_tick"]},
        }
        self.monitor("POST", "/system-state-events/", event)


class Worker(Agent):
    """Processes slices; every fourth of a sample fails."""

    kind, follows = "worker", (WORKERS, SLICES)

    def __init__(self) -> None:
        super().__init__()
        self.processed: dict[str, int] = {}

    def on_run_imminent_worker(self, body: Body) -> None:
        self._work_for(body["run_id"])

    def on_slice(self, body: Body) -> None:
        run, content = body["run_id"], body["content"]
        worker = self._work_for(run)
        self.processed[run] += 1
        state = "failed" if content["slice_id"] % 4 == 3 else "done"
        named = {name: content[name] for name in ("slice_id", "tf_filename")}
        result = {"result": {**named, "processed": True, "state": state}}
        about = {"state": state, "processed_at": now(), "hostname": self.name}
        self.send(RESULTS, "slice_result", run, content={**about, "result": result})
        change = {"slices_completed": self.processed[run], "current_slice_id": content["slice_id"]}
        self.monitor("PATCH", f"/workers/{worker}/", {**change, "status": "processing"})

    def on_end_run(self, body: Body) -> None:
        worker = self._work_for(body["run_id"])
        self.monitor("PATCH", f"/workers/{worker}/", {"metadata": {"told_of_the_end": True}})

    def _work_for(self, run: str) -> str:
        worker = f"{self.name}.{run}"
        if run not in self.processed:
            self.processed[run] = 0
            known = {"worker_id": worker, "run_number": run, "panda_job": "", "location": HOST}
            begun = {
                "status": "idle",
                "started_at": now(),
                "metadata": {"of": self.name},
            }
            self.monitor("POST", "/workers/", {**known, **begun})
        return worker


def main(role: str) -> None:
    """Be one of them."""
    kinds = {each.kind: each for each in (Data, Fastmon, FastProcessing, Worker)}
    agent = kinds[role]()
    signal.signal(signal.SIGTERM, lambda *_: agent.ended.set())
    agent.serve()


if __name__ == "__main__":
    main(sys.argv[1])
