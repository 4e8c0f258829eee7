"""The commands of `./heidi`, one small module per group; what they do is elsewhere and imported when they
run.
"""
