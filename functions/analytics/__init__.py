"""What is used in the apps, without knowing by whom."""
