"""Find names of people, organisations and places."""
