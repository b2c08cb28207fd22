"""What a person can ask or change: each question a function with ports and a clock in, and values out."""
