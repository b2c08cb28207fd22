"""Search and delivery ledger on Elasticsearch 8 and 9, by features that every distribution of it has."""
