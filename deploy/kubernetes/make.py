"""Make the kustomize base from one table of roles: ``python -m deploy.kubernetes.make``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PORT = 9101
# role: (kind, replicas, memory, cpu)
ROLES = {
    "connect": ("Deployment", 2, "512Mi", "250m"),
    "worker": ("StatefulSet", 2, "1536Mi", "1"),
    "index": ("Deployment", 2, "512Mi", "250m"),
    "notify": ("StatefulSet", 1, "384Mi", "100m"),
}
Manifest = dict[str, Any]


def manifests() -> dict[str, Manifest]:
    """Return every manifest by file name."""
    made: dict[str, Manifest] = {
        "config.yaml": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "newswire"},
            "data": {
                "NEWSWIRE_RUNTIME": "distributed",
                "NEWSWIRE_KAFKA": "kafka:9092",
                "NEWSWIRE_ELASTICSEARCH": "http://elasticsearch:9200",
                "NEWSWIRE_METRICS_LISTEN": f"0.0.0.0:{PORT}",
            },
        },
        "secret.yaml": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "newswire"},
            "type": "Opaque",
            "stringData": {"elasticsearch_api_key": "put the key of your own here, by an overlay"},
        },
        "setup.yaml": {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": _meta("setup"),
            "spec": {"backoffLimit": 10, "template": _pod("setup", ["admin", "setup"], "256Mi", "100m", once=True)},
        },
    }
    for role, (kind, replicas, memory, cpu) in ROLES.items():
        spec: Manifest = {
            "replicas": replicas,
            "selector": {"matchLabels": _labels(role)},
            "template": _pod(role, [role], memory, cpu),
        }
        if kind == "StatefulSet":
            spec |= {"serviceName": f"newswire-{role}", "podManagementPolicy": "Parallel"}
        made[f"{role}.yaml"] = {"apiVersion": "apps/v1", "kind": kind, "metadata": _meta(role), "spec": spec}
        made[f"{role}-service.yaml"] = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _meta(role),
            "spec": {
                "clusterIP": "None",
                "selector": _labels(role),
                "ports": [{"name": "metrics", "port": PORT, "targetPort": "metrics"}],
            },
        }
        if replicas > 1:
            made[f"{role}-budget.yaml"] = {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": _meta(role),
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _labels(role)}},
            }
    return made


def kustomization() -> Manifest:
    """Return the list of the base."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(manifests()),
        "images": [{"name": "newswire", "newTag": "latest"}],
    }


def _labels(role: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "newswire", "app.kubernetes.io/component": role}


def _meta(role: str) -> Manifest:
    return {"name": f"newswire-{role}", "labels": _labels(role)}


def _pod(role: str, command: list[str], memory: str, cpu: str, *, once: bool = False) -> Manifest:
    container: Manifest = {
        "name": role,
        "image": "newswire",
        "args": command,
        "envFrom": [{"configMapRef": {"name": "newswire"}}],
        "env": [{"name": "NEWSWIRE_DATA", "value": "/data"}],
        "resources": {"requests": {"memory": memory, "cpu": cpu}, "limits": {"memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    if not once:
        container |= {
            "ports": [{"name": "metrics", "containerPort": PORT}],
            "startupProbe": _probe("/healthz", period=5, failures=24),
            "livenessProbe": _probe("/healthz", period=15, failures=4),
            "readinessProbe": _probe("/readyz", period=15, failures=4),
        }
    return {
        "metadata": {"labels": _labels(role)},
        "spec": {
            "restartPolicy": "OnFailure" if once else "Always",
            "terminationGracePeriodSeconds": 20,
            "automountServiceAccountToken": False,
            # Kubernetes would else set NEWSWIRE_..._SERVICE_HOST variables.
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "fsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            # What a role keeps can be made again from Kafka and Elasticsearch.
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
        },
    }


def _probe(path: str, *, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "metrics"},
        "periodSeconds": period,
        "timeoutSeconds": 10,
        "failureThreshold": failures,
    }


def files() -> dict[str, str]:
    """Return the text of every file, as JSON, which YAML holds, too."""
    made = manifests() | {"kustomization.yaml": kustomization()}
    return {name: json.dumps(manifest, indent=2) + "\n" for name, manifest in made.items()}


if __name__ == "__main__":
    for file, text in files().items():
        (HERE / file).write_text(text, "utf-8")
