# A ServiceAccount reads the Secret of its own name, and no other. ACCESSOR is the Kubernetes login's.
path "secret/data/heidi/{{identity.entity.aliases.ACCESSOR.metadata.service_account_name}}" {
  capabilities = ["read"]
}
