"""What is told, to whom and when: pure decisions of alert rules, delivery and messages."""
