"""A certificate authority of the sandbox's own, and a server certificate for localhost."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=820)
RENEW = timedelta(days=30)
FILES = ("ca.pem", "ca.key", "server.pem", "server.key")


def make_ca(folder: Path, host_name: str = "localhost") -> dict[str, Path]:
    """Make ``ca.pem``, ``ca.key``, ``server.pem`` and ``server.key`` in a folder, unless good ones are there.

    Keys are readable by their owner alone (0600). Returns the paths by the names ``ca``, ``ca_key``, ``cert``, ``key``.
    Clients trust ``ca.pem``; the server certificate is for localhost, 127.0.0.1, ::1 and ``host_name``. Raises
    :class:`OSError` if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = dict(zip(("ca", "ca_key", "cert", "key"), (folder / name for name in FILES), strict=True))
    if not (all(path.exists() for path in paths.values()) and _fresh(paths["ca"]) and _fresh(paths["cert"])):
        _make(paths, host_name)
    return paths


def _fresh(certificate: Path) -> bool:
    try:
        ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except ValueError:
        return False
    return ends - datetime.now(UTC) > RENEW


def _make(paths: dict[str, Path], host_name: str) -> None:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = _name("YTEMPIRE sandbox CA"), _name("localhost")
    authority = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    loopback = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    names = [x509.DNSName(text) for text in sorted({"localhost", host_name})]
    server = (
        _builder(name, ca_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([*names, *loopback]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write_key(paths["ca_key"], ca_key)
    _write_key(paths["key"], key)
    paths["cert"].write_bytes(server.public_bytes(serialization.Encoding.PEM))
    paths["ca"].write_bytes(authority.public_bytes(serialization.Encoding.PEM))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    # An hour in the past, so that a machine whose clock is a little behind trusts it too.
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFE)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
