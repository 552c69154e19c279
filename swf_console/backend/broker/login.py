"""CONNECT: which version is spoken, who the client is, and how often both send heartbeats."""

from .frames import VERSIONS, Frame, Rejected, encode
from .session import Session

SHORTEST, LONGEST = 100, 86_400_000  # ms


def connect(session: Session, frame: Frame) -> None:
    """CONNECT or STOMP: log a client in, or raise Rejected."""
    if session.connected:
        raise Rejected("Already connected.")
    headers = frame.headers
    version = _negotiated(headers.get("accept-version", "1.0"))
    session.version = session.parser.version = version
    _log_in(session, headers)
    given, expected = _heartbeats(headers.get("heart-beat", "0,0"))
    session.client_id = headers.get("client-id") or session.name
    session.broker.log_in(session)
    # From here on frames may be large, and header values are decoded as the version has it.
    session.logged_in()
    session.write(
        encode(
            version,
            "CONNECTED",
            (
                ("server", session.broker.server_name),
                ("heart-beat", f"{expected},{given}"),
                ("session", session.client_id),
                ("version", version),
            ),
        )
    )
    session.start_heartbeat(expected / 1000, given / 1000)


def _negotiated(accepted: str) -> str:
    offered = {version.strip() for version in accepted.split(",")}
    for version in VERSIONS:
        if version in offered:
            return version
    raise Rejected(
        f"Invalid Protocol version[{accepted}], supported versions are: [{', '.join(VERSIONS)}]",
        headers=(("version", ",".join(VERSIONS)),),  # STOMP 1.2, Protocol Negotiation
    )


def _log_in(session: Session, headers: dict[str, str]) -> None:
    from hmac import compare_digest  # loads hashlib, which the start of the broker need not wait for

    credentials = session.broker.credentials
    user, password = headers.get("login", ""), headers.get("passcode", "")
    known = compare_digest(user.encode(), credentials.user.encode())
    if not compare_digest(password.encode(), credentials.password.encode()) or not known:
        raise Rejected(f"User name [{user}] or password is invalid.")
    session.user = user


def _heartbeats(text: str) -> tuple[int, int]:
    """How often (ms) the client will send one and wants one; 0 is never."""
    given, _, wanted = text.partition(",")
    try:
        pair = int(given), int(wanted)
    except ValueError:
        pair = -1, -1
    if min(pair) < 0 or max(pair) > LONGEST:
        raise Rejected("Invalid heart-beat header: " + text[:40])
    return _bounded(pair[0]), _bounded(pair[1])


def _bounded(milliseconds: int) -> int:
    return max(milliseconds, SHORTEST) if milliseconds else 0
