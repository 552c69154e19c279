"""Where the testbed's messages go: names of the field, which programs of other people send to as well."""

EPICTOPIC = "/topic/epictopic"
MONITORING_QUEUE = "/queue/monitoring_agent"
WORKERS_TOPIC = "/topic/panda.workers"
SLICES_QUEUE = "/queue/panda.transformer.slices"
SLICES_TOPIC = "/topic/panda.slices"
RESULTS_QUEUE = "/queue/panda.results.fastprocessing"
DEAD_LETTERS = "/queue/ActiveMQ.DLQ"
