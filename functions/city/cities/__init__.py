"""Cities from onboarding to being switched off, and how they are found."""
