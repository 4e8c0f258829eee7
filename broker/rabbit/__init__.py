"""A broker over RabbitMQ, built as Knative's is: an ingress for events, a quorum queue per trigger, dead
letters.

What an answer means differs: a 4xx is a dead letter here (docs/decisions/0004).
"""
