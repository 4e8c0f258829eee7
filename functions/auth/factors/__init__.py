"""Second factors: proving with a code from one's own device that a password has not only been stolen."""
