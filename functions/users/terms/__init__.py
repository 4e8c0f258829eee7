"""Terms of use: versions of a city, and who has accepted which."""
