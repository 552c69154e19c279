"""The limits of a broker."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, bytes and seconds; the defaults keep the process under 60 MB in ordinary work."""

    body_bytes: int = 16 * MIB
    headers: int = 64
    header_bytes: int = 10 * KIB
    head_bytes: int = 64 * KIB
    connections: int = 1000
    login_connections: int = 256
    login_frame_bytes: int = 16 * KIB
    subscriptions: int = 1000
    all_subscriptions: int = 20_000
    queue_consumers: int = 1000
    destinations: int = 10_000
    connection_destinations: int = 2500
    transaction_bytes: int = 32 * MIB
    transactions_bytes: int = 128 * MIB
    transaction_frames: int = 10_000
    connect_seconds: float = 10.0
    closing_seconds: float = 2.0
    backlog_frames: int = 32_768
    backlog_bytes: int = 24 * MIB
    write_buffer_bytes: int = 256 * KIB
    window_messages: int = 2000
    window_bytes: int = 8 * MIB
    memory_bytes: int = 24 * MIB
    unacknowledged_bytes: int = 8 * MIB
    browse_messages: int = 1000
    redeliveries: int = 6
    journal_bytes: int = 2048 * MIB
    store_bytes: int = 512 * MIB  # a quarter: one abandoned subscription does not stop the others
    disk_free_bytes: int = 32 * MIB  # stays for other programs, and to copy the log into the file
    reserve_bytes: int = 8 * MIB  # twice the log that is not copied yet
    scan_messages: int = 200  # a page for selectors: 2 to 3 ms of the loop
    scan_bytes: int = MIB
    journal_pending_bytes: int = 16 * MIB
    first_client_seconds: float = 30.0
