"""What is used in the apps, without knowing by whom; and who has agreed to that."""
