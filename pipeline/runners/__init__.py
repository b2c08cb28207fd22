"""The shells around the stages: loops, clocks, retries and logs."""
