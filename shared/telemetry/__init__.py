"""What a process tells of itself: lines, numbers, traces, errors."""
