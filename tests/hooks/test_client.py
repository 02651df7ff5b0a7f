"""The client of users' endpoints: pinned to the judged address, bounded, and deaf to redirects."""

import datetime as dt
import ssl
from ipaddress import ip_network
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.hooks.addresses import Forbidden, Policy
from services.hooks.client import ANSWER_BYTES_MAX, HookClient
from services.hooks.signature import new_secret, signed_headers
from services.hooks.transport import CheckedPosts
from tests.hooks.receiver import Reply, receiving

LOCAL = Policy((ip_network("127.0.0.0/8"),))
HEADERS = {"webhook-id": "evt_1"}


class Recorder(httpx.AsyncBaseTransport):
    """Stands where the network begins."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request):
        self.sent.append(request)
        return httpx.Response(200)


def resolver(*answers):
    """Answers one after the other, as a rebinding name server does."""
    left = list(answers)

    async def resolve(_host, _port):
        return [left.pop(0)]

    return resolve


async def test_the_judged_address_is_what_is_connected_to():
    recorder = Recorder()
    transport = CheckedPosts(recorder, Policy(), resolver("93.184.215.14", "127.0.0.1"))
    request = httpx.Request("POST", "https://hooks.paperfleet.dev/in?x=1", content=b"{}")
    await transport.handle_async_request(request)
    sent = recorder.sent[0]
    assert str(sent.url) == "https://93.184.215.14/in?x=1"
    assert sent.headers["host"] == "hooks.paperfleet.dev"
    assert sent.extensions["sni_hostname"] == "hooks.paperfleet.dev"
    with pytest.raises(Forbidden, match="loopback"):
        await transport.handle_async_request(request)
    assert len(recorder.sent) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT"])
async def test_only_posts_leave(method):
    recorder = Recorder()
    with pytest.raises(Forbidden):
        await CheckedPosts(recorder, LOCAL).handle_async_request(httpx.Request(method, "http://127.0.0.1:1/"))
    assert recorder.sent == []


@pytest.mark.parametrize("header", ["X-MBX-APIKEY", "Authorization", "Cookie", "X-Anything"])
async def test_no_other_header_leaves(header):
    recorder = Recorder()
    request = httpx.Request("POST", "http://127.0.0.1:1/", headers={header: "value"})
    with pytest.raises(Forbidden):
        await CheckedPosts(recorder, LOCAL).handle_async_request(request)
    assert recorder.sent == []


async def test_a_redirect_is_an_answer_and_nothing_more():
    async with receiving() as receiver, receiving() as elsewhere:
        receiver.reply = lambda _: Reply(302, headers={"Location": elsewhere.url})
        client = HookClient(LOCAL)
        answer = await client.post(receiver.url, "{}", HEADERS)
        await client.close()
    assert (answer.status, answer.is_success) == (302, False)
    assert elsewhere.requests == []


async def test_time_and_size_are_bounded():
    async with receiving() as receiver:
        client = HookClient(LOCAL, attempt_seconds=0.3)
        receiver.reply = lambda _: Reply(delay=5)
        slow = await client.post(receiver.url, "{}", HEADERS)
        receiver.reply = lambda _: Reply(body="x" * 5_000_000)
        large = await client.post(receiver.url, "{}", HEADERS)
        receiver.reply = lambda _: Reply(cut=True)
        cut = await client.post(receiver.url, "{}", HEADERS)
        await client.close()
    assert (slow.status, slow.error) == (None, "no answer within 0.3 s")
    assert slow.milliseconds < 3000
    assert (large.status, len(large.body)) == (200, ANSWER_BYTES_MAX)
    assert (cut.status, cut.is_success) == (None, False)


async def test_what_cannot_be_reached_is_told_in_plain_words():
    async with receiving() as gone:
        pass
    client = HookClient(LOCAL)
    assert (await client.post(gone.url, "{}", HEADERS)).error == "cannot connect"
    strict = HookClient(Policy())
    assert "only https" in (await strict.post(gone.url, "{}", HEADERS)).error
    await client.close()
    await strict.close()


async def test_tls_proves_the_name_that_was_resolved(tmp_path):
    """The connection goes to an address, the certificate must be the name's; another name's is refused."""
    server_side, client_side = certificate_for("hooks.paperfleet.dev", tmp_path)
    async with receiving(server_side) as receiver:
        port = urlsplit(receiver.url).port
        answers = {}
        for name in ("hooks.paperfleet.dev", "other.paperfleet.dev"):
            client = HookClient(LOCAL, resolver=resolver("127.0.0.1"), tls=client_side)
            answers[name] = await client.post(f"https://{name}:{port}/in", "{}", HEADERS)
            await client.close()
    assert answers["hooks.paperfleet.dev"].status == 200
    assert answers["other.paperfleet.dev"].error == "TLS failed"
    assert [received.headers["host"] for received in receiver.requests] == [f"hooks.paperfleet.dev:{port}"]


def certificate_for(name, folder):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server_side, ssl.create_default_context(cafile=str(folder / "cert.pem"))


def test_signatures_verify_with_the_public_library_and_only_with_the_right_secret():
    old, new, other = new_secret(), new_secret(), new_secret()
    assert len({old, new, other}) == 3
    headers = signed_headers("evt_7", dt.datetime.now(dt.UTC), '{"a":"ü"}', [new, old])
    for secret in (old, new):
        assert Webhook(secret).verify('{"a":"ü"}', headers) == {"a": "ü"}
    for secret, body, changed in (
        (other, '{"a":"ü"}', {}),
        (new, '{"a":"u"}', {}),
        (new, '{"a":"ü"}', {"webhook-id": "evt_8"}),
        (new, '{"a":"ü"}', {"webhook-timestamp": "1"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers | changed)
