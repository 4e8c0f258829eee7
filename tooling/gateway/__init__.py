"""The gateway of a laptop: the server of all functions, with OpenFaaS's API, async calls and a page."""
