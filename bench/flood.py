"""`python -m bench.flood HOST PORT USER PASSWORD RATE SECONDS`: messages to the topic, evenly paced."""

import json
import sys
import time
import uuid

from tests.support.stomp_socket import StompSocket

STEP = 0.005
# every five-hundredth is of another run
RARE = 500
BODY = {
    "msg_type": "stf_gen",
    "namespace": "bench",
    "execution_id": "stf_datataking-bench-0001",
    "run_id": "100010",
    "sender": "STF_Datataking-agent-bench-1",
    "state": "run",
    "substate": "physics",
    "timestamp": "2026-01-31T12:00:00.000000+00:00",
    "padding": "x" * 120,
}


def body(number: int) -> str:
    """The body of a message of about 400 bytes."""
    run = "100011" if number % RARE == RARE // 2 else "100010"
    name = f"swf.{run}.{number:06d}.stf"
    return json.dumps({"filename": name, **BODY, "run_id": run, "sequence": number})


def frame(number: int) -> str:
    """The frame that sends it."""
    text = body(number)
    headers = f"destination:/topic/epictopic\nswf_message_id:{uuid.uuid4()}\ncontent-length:{len(text)}"
    return f"SEND\n{headers}\n\n{text}\0"


def main() -> None:
    """Send until the time is over, then say how many were sent."""
    host, port, user, password, rate, seconds = sys.argv[1:]
    client = StompSocket(host, int(port))
    client.connect(user, password)
    began, sent = time.monotonic(), 0
    while (passed := time.monotonic() - began) < float(seconds):
        due = int(passed * float(rate))
        client.socket.sendall("".join(map(frame, range(sent, due))).encode())
        sent = due
        time.sleep(STEP)
    print(sent)


if __name__ == "__main__":
    main()
