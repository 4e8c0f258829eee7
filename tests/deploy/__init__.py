"""What is deployed, judged by real programs."""
