"""What reader programs speak, the Google Reader API and Fever, over the same services as the page."""
