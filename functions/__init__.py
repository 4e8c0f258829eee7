"""What the platform does: functions/<service>/<verb_noun>.py is one deployable function."""
