"""Events on their way: kept with the rows, brought to the broker, kept when nobody takes them."""
