"""One invocation: from the socket to the handler and back, in one written order."""
