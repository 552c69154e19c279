"""Certificates for TLS tests: an authority, and what it signs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key, both PEM files."""

    cert_file: Path
    key_file: Path


def make_authority(directory: Path, name: str = "authority") -> Certificate:
    """Make a certificate authority of its own."""
    certificate = _files(directory, name)
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout", str(certificate.key_file), "-out", str(certificate.cert_file),
    )  # fmt: skip
    return certificate


def make_certificate(directory: Path, name: str, authority: Certificate, *addresses: str) -> Certificate:
    """Make a certificate for the loopback and `addresses`, signed by `authority`, for servers and clients."""
    certificate = _files(directory, name)
    request = directory / f"{name}.csr"
    extensions = directory / f"{name}.ext"
    extensions.write_text(
        f"subjectAltName=DNS:localhost,{','.join(f'IP:{one}' for one in ('127.0.0.1', *addresses))}\n"
        "extendedKeyUsage=serverAuth,clientAuth\n"
        "keyUsage=critical,digitalSignature,keyEncipherment\nbasicConstraints=critical,CA:FALSE\n"
    )
    _openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
        "-keyout", str(certificate.key_file), "-out", str(request),
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-days", "2", "-in", str(request), "-extfile", str(extensions),
        "-CA", str(authority.cert_file), "-CAkey", str(authority.key_file), "-CAcreateserial",
        "-out", str(certificate.cert_file),
    )  # fmt: skip
    return certificate


def make_key_store(path: Path, certificate: Certificate, password: str) -> Path:
    """Write a certificate and its key as PKCS #12."""
    _openssl(
        "pkcs12", "-export", "-name", "server", "-passout", f"pass:{password}",
        "-in", str(certificate.cert_file), "-inkey", str(certificate.key_file), "-out", str(path),
    )  # fmt: skip
    return path


def make_trust_store(path: Path, authority: Certificate, password: str, keytool: str) -> Path:
    """Write an authority as the PKCS #12 trust store that Java reads."""
    _run(
        keytool, "-importcert", "-noprompt", "-alias", "authority", "-file", str(authority.cert_file),
        "-keystore", str(path), "-storetype", "PKCS12", "-storepass", password,
    )  # fmt: skip
    return path


def _files(directory: Path, name: str) -> Certificate:
    directory.mkdir(parents=True, exist_ok=True)
    return Certificate(directory / f"{name}.pem", directory / f"{name}.key")


def _openssl(*arguments: str) -> None:
    _run("openssl", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:2])} failed\n{done.stderr}")
