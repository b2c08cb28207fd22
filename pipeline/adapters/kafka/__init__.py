"""The Log and Table ports on Kafka, with kafka-python."""
