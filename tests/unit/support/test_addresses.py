"""Addresses of the tests' services in URLs and environment variables."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.activemq import ActiveMQAddress, address_from_url

PLAIN = ActiveMQAddress("127.0.0.1", 61612, "swf", "a secret/with:marks@&")


@pytest.mark.parametrize(
    "address",
    [
        PLAIN,
        replace(PLAIN, tls_port=61613, ca_file=Path("/a folder/ca.pem")),
        replace(PLAIN, mutual_tls_port=61614, cert_file=Path("/c.pem"), key_file=Path("/k.pem")),
    ],
)
def test_activemq_address_url_round_trip(address: ActiveMQAddress) -> None:
    assert address_from_url(address.url()) == address


def test_activemq_address_tls_environment_names_authority() -> None:
    address = replace(PLAIN, tls_port=61613, ca_file=Path("/a folder/ca.pem"))
    assert address.environment(tls=True) == {
        "ACTIVEMQ_HOST": "127.0.0.1",
        "ACTIVEMQ_PORT": "61613",
        "ACTIVEMQ_USER": "swf",
        "ACTIVEMQ_PASSWORD": "a secret/with:marks@&",
        "ACTIVEMQ_USE_SSL": "true",
        "ACTIVEMQ_SSL_CA_CERTS": "/a folder/ca.pem",
    }
