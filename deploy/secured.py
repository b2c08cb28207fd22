"""Kafka and Elasticsearch as they stand where others may listen: TLS by certificates of our own, names and passwords.

`deploy/servers start --secure` uses this. Kafka takes SCRAM and PLAIN over TLS at one address, and certificates of
clients at another; Elasticsearch takes the API key of deploy/elasticsearch-key.json, which may do no more than it must.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

USER = "newswire"
# Users with the rights that deploy/kafka-acls gives them; the first has all.
ROLES = tuple(f"newswire-{role}" for role in ("setup", "connect", "worker", "index", "notify", "people"))
ADMINISTRATOR = "administrator"
ANALYSIS = Path(__file__).parent / "security_index" / "SecurityIndexAnalysis.java"
PLUGIN = """name=security-index-analysis
description=What the index of API keys needs
version=1
elasticsearch.version={version}
java.version=21
classname=newswire.SecurityIndexAnalysis
"""
KEY = Path(__file__).parent / "elasticsearch-key.json"


def make_certificates(directory: Path) -> None:
    """Make an authority, and certificates of a server and of a client that it signs, by openssl."""
    directory.mkdir(parents=True)
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=newswire test authority",
             "-keyout", directory / "ca.key", "-out", directory / "ca.pem")  # fmt: skip
    for name in ("server", "client"):
        extensions = directory / f"{name}.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.csr")  # fmt: skip
        _openssl("x509", "-req", "-in", directory / f"{name}.csr", "-CA", directory / "ca.pem",
                 "-CAkey", directory / "ca.key", "-CAcreateserial", "-days", "30", "-extfile", extensions,
                 "-out", directory / f"{name}.crt")  # fmt: skip
        both = (directory / f"{name}.key").read_text() + (directory / f"{name}.crt").read_text()
        (directory / f"{name}.pem").write_text(both)
    (directory / "password").write_text(secrets.token_hex(16))
    (directory / "stranger").mkdir()
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=somebody else",
             "-keyout", directory / "stranger" / "ca.key", "-out", directory / "stranger" / "ca.pem")  # fmt: skip


def kafka_properties(certificates: Path, port: int, mutual: int, controller: int) -> str:
    """Return the listeners: names and passwords over TLS, certificates of clients, and the controller on loopback."""
    password = (certificates / "password").read_text()
    login = "org.apache.kafka.common.security"
    plain = " ".join(f'user_{name}="{password}"' for name in (USER, *ROLES))
    return f"""listeners=SASL_SSL://127.0.0.1:{port},SSL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{port},SSL://127.0.0.1:{mutual}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
inter.broker.listener.name=SSL
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config={login}.plain.PlainLoginModule required {plain};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{USER};User:ANONYMOUS;User:CN=server;User:CN=client
listener.name.ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={certificates}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={certificates}/ca.pem
"""


def kafka_user(certificates: Path) -> list[str]:
    """Return the arguments that have Kafka's storage know the users from its first start on."""
    password = (certificates / "password").read_text()
    users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name in (USER, *ROLES)]
    return [part for user in users for part in ("--add-scram", user)]


def with_api_keys(installed: Path, version: str, java: Path) -> Path:
    """Return a copy of an Elasticsearch that can make API keys, which Maven Central's lacks a module for."""
    target = installed.with_name(f"{installed.name}-secured")
    if target.exists():
        return target
    partial = Path(tempfile.mkdtemp(dir=installed.parent))
    copy = partial / "home"
    shutil.copytree(installed, copy, copy_function=os.link)
    classes = partial / "classes"
    javac = [str(java / "bin" / "javac"), "--release", "21", "-cp", f"{installed}/lib/*", "-d", str(classes)]
    subprocess.run([*javac, str(ANALYSIS)], check=True, capture_output=True)
    plugin = copy / "plugins" / "security-index-analysis"
    plugin.mkdir(parents=True)
    (plugin / "plugin-descriptor.properties").write_text(PLUGIN.format(version=version))
    with zipfile.ZipFile(plugin / "analysis.jar", "w") as jar:
        for path in classes.rglob("*.class"):
            jar.write(path, path.relative_to(classes))
    for path in (copy, copy / "plugins", plugin, *plugin.iterdir()):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    with contextlib.suppress(OSError):  # another process was first
        copy.rename(target)
    shutil.rmtree(partial, ignore_errors=True)
    return target


def elasticsearch_settings(data: Path, certificates: Path) -> str:
    """Return what replaces `xpack.security.enabled: false`, with the certificates copied to where it may read them."""
    for name in ("server.key", "server.crt", "ca.pem"):
        (data / "config" / name).write_bytes((certificates / name).read_bytes())
    return f"""xpack.security.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: {data}/config/server.key
xpack.security.http.ssl.certificate: {data}/config/server.crt
xpack.security.http.ssl.certificate_authorities: ["{data}/config/ca.pem"]
xpack.security.authc.api_key.enabled: true
"""


def make_administrator(data: Path, certificates: Path) -> None:
    """Write down who may make API keys, with the hash of a password, where the node looks first."""
    salt = os.urandom(32)
    key = hashlib.pbkdf2_hmac("sha512", (certificates / "password").read_bytes(), salt, 10_000, 32)
    hashed = "$".join(("{PBKDF2}10000", base64.b64encode(salt).decode(), base64.b64encode(key).decode()))
    (data / "config" / "users").write_text(f"{ADMINISTRATOR}:{hashed}\n")
    (data / "config" / "users_roles").write_text(f"superuser:{ADMINISTRATOR}\n")


def api_key(address: str, certificates: Path, prefix: str = "") -> str:
    """Ask for a key with the privileges of deploy/elasticsearch-key.json, for names that begin with a prefix."""
    wanted = json.loads(KEY.read_text())
    for role in wanted["role_descriptors"].values():
        for indices in role["indices"]:
            indices["names"] = [prefix + name for name in indices["names"]]
    answer = asked(f"{address}/_security/api_key", certificates, json.dumps(wanted).encode())
    return str(json.loads(answer)["encoded"])


def asked(url: str, certificates: Path, body: bytes | None = None) -> bytes:
    """Ask Elasticsearch as its administrator; return the answer."""
    basic = base64.b64encode(f"{ADMINISTRATOR}:".encode() + (certificates / "password").read_bytes()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20, context=context) as response:
        answer: bytes = response.read()
    return answer


def exports(servers: Mapping[str, Mapping[str, Any]], certificates: Path) -> dict[str, str]:
    """Return the settings that lead to the servers, by the name of their variable."""
    found: dict[str, str] = {}
    if "kafka" in servers:
        found |= {
            "NEWSWIRE_KAFKA_TLS": "true",
            "NEWSWIRE_KAFKA_CA": f"{certificates}/ca.pem",
            "NEWSWIRE_KAFKA_USER": USER,
            "NEWSWIRE_KAFKA_PASSWORD_FILE": f"{certificates}/password",
        }
    if "elasticsearch" in servers:
        if not (certificates / "api_key").exists():
            (certificates / "api_key").write_text(api_key(servers["elasticsearch"]["address"], certificates))
        found |= {
            "NEWSWIRE_ELASTICSEARCH_CA": f"{certificates}/ca.pem",
            "NEWSWIRE_ELASTICSEARCH_API_KEY_FILE": f"{certificates}/api_key",
        }
    return found


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
