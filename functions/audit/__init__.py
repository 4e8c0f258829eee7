"""Who did what and when: every event of the platform, kept for seven years in a chain that shows when it was
altered.
"""
