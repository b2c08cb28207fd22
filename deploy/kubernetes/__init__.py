"""The kustomize base."""
