"""Whom TLS connections trust: read once, and apart for mail and web."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from runtime import tls


def test_certificates_are_read_once_and_checked() -> None:
    for made in (tls.for_mail, tls.for_http):
        context = made()
        assert context is made()
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_what_a_client_of_http_writes_into_its_own_is_not_announced_to_mail_servers() -> None:
    assert len({id(context) for context in (tls.for_mail(), tls.for_http(), tls.for_http(trust_env=False))}) == 3


def test_a_file_without_certificates_is_an_error_each_time(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with pytest.raises(FileNotFoundError):
        tls.for_mail(file)
    file.write_text("no certificate", "ascii")
    with pytest.raises(ssl.SSLError, match="NO_CERTIFICATE"):
        tls.for_mail(file)
