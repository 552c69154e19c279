"""The public modules for authors of agents: the base class, what handlers receive, the steps of the testbed.

A handler `handle_<msg_type>(message, context)` receives a Message and a HandlerContext. The modules:

stf             messages about STFs, and their registration
slices          messages about TF slices
worker_pool     the workers of one run in one process
records         rows as data
runs, run_counters, stf_files, stf_workflows, fastmon_files, tf_slices, workers
                functions on rows, for `context.connection` and `context.write`
"""

from ..backend.agent.base import Agent
from ..backend.agent.context import HandlerContext
from ..backend.agent.message import BadMessage, Message
from ..backend.core.destinations import EPICTOPIC, MONITORING_QUEUE
from ..backend.database import Connection
from ..backend.messaging.subscription import Subscription

__all__ = [
    "EPICTOPIC",
    "MONITORING_QUEUE",
    "Agent",
    "BadMessage",
    "Connection",
    "HandlerContext",
    "Message",
    "Subscription",
]
