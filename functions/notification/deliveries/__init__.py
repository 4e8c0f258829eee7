"""Messages on their way: kept as rows, sent, tried again, given up."""
