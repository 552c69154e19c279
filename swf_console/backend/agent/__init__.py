"""The base of every agent; authors import `swf_console.agent`."""

EPICTOPIC = "/topic/epictopic"
MONITORING_QUEUE = "/queue/monitoring_agent"
