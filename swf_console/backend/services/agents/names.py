"""The programs of agents.supervisord.conf that are not agents of a workflow. Loads no library."""

RUNNER = "workflow-runner"
BROKER = "embedded-broker"
MONITOR = "monitor"
# these continue when the agents are stopped: other programs may be connected to them
STAYS = (BROKER, MONITOR, "agent-manager")
