"""Cities: the registry of tenants, and their way from onboarding to being switched off."""
