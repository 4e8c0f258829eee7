"""A broker over RabbitMQ, with the semantics of Knative's: an ingress for events, a quorum queue per trigger, dead letters."""
