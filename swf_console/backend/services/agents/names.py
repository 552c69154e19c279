"""The programs of agents.supervisord.conf that are not agents of a workflow. Loads no library."""

RUNNER = "workflow-runner"
BROKER = "embedded-broker"
MONITOR = "monitor"
# what others may be connected to stays, whatever happens to the agents, and so does who was asked
STAYS = (BROKER, MONITOR, "agent-manager")
