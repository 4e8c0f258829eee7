"""The descriptions of the addresses and events for programs, and a page on which people read them."""
