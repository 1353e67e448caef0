"""The sandbox's certificate holds for the name it has on a network of containers."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from ytempire.sandbox.tls import make_ca


def _names(certificate: Path) -> list[str]:
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    extension = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def test_a_further_name_is_in_the_certificate(tmp_path: Path) -> None:
    assert _names(make_ca(tmp_path, "sandbox")["cert"]) == ["localhost", "sandbox"]


def test_without_one_it_is_for_localhost_alone(tmp_path: Path) -> None:
    assert _names(make_ca(tmp_path)["cert"]) == ["localhost"]
