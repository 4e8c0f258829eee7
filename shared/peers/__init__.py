"""What one function asks another, and by which token it is known to be one."""
