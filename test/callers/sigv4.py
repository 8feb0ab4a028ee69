"""A mint that verifies AWS Signature Version 4 with botocore, which shares no code with our signer.

It prints its port. It answers 403 as API Gateway does, or 200 with a token. Standard error says why it
refuses. The environment has the credentials, and SKEW: how many seconds its clock is ahead.
"""
import datetime
import hashlib
import http.server
import json
import os
import re
import sys
import threading

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = os.environ["REGION"]
CREDENTIALS = Credentials(os.environ["KEY"], os.environ["SECRET"], os.environ.get("SESSION") or None)
SKEW = datetime.timedelta(seconds=int(os.environ.get("SKEW", "0")))
FORM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")


def now():
    return datetime.datetime.now(datetime.timezone.utc) + SKEW


def fault(method, url, headers, body):
    """What is wrong with a request, or None."""
    match = FORM.fullmatch(headers.get("Authorization", ""))
    if not match:
        return "no signature"
    key, day, region, service, signed, signature = match.groups()
    names = signed.split(";")
    stamp = headers.get("X-Amz-Date", "")
    if (key, region, service) != (CREDENTIALS.access_key, REGION, "execute-api"):
        return f"signed by {key} for {region}/{service}"
    if "host" not in names or "x-amz-date" not in names or not stamp.startswith(day):
        return "host and date must be signed"
    if headers.get("X-Amz-Security-Token") != CREDENTIALS.token:
        return "another session"
    if CREDENTIALS.token and "x-amz-security-token" not in names:
        return "the session is not signed"
    then = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(now() - then) > datetime.timedelta(minutes=5):
        return "the signature has expired, or is of the future"
    sent = headers.get("X-Amz-Content-SHA256")
    if sent and sent != hashlib.sha256(body).hexdigest():
        return "another body"
    request = AWSRequest(method=method, url=url, data=body,
                         headers={name: headers[name] for name in names if name != "host"})
    request.context["timestamp"] = stamp
    auth = SigV4Auth(CREDENTIALS, service, region)
    canonical = auth.canonical_request(request)
    if auth.signature(auth.string_to_sign(request, canonical), request) != signature:
        return "another signature"
    return None


class Mint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        url = f"http://{self.headers['Host']}{self.path}"
        wrong = fault(self.command, url, self.headers, body)
        if wrong:
            print("refused:", wrong, file=sys.stderr, flush=True)
            return self.answer(403, {"message": "Forbidden"})
        return self.answer(200, {"token": "tk.signed.well", "expires_in": 900, "asked": json.loads(body)})

    def answer(self, status, reply):
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def date_time_string(self, timestamp=None):
        return now().strftime("%a, %d %b %Y %H:%M:%S GMT")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mint)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()  # the test closes it when it ends
