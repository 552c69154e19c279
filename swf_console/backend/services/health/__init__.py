"""The state of broker, database and namespace; the doctor."""
