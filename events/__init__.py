"""The words that services say to each other: one class per CloudEvent type, one module per service."""
