"""Parlance for Python back ends: publishing, tokens for users, the script element for pages. Python 3.9 and newer, nothing else.

Settings come from the environment, or as arguments: PARLANCE_URL, PARLANCE_API_KEY, PARLANCE_SPOOL_DIR, PARLANCE_SECRET.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import os
import queue
import re
import secrets
import socket
import threading
import time
import urllib.parse
from typing import Any, Iterable, Mapping, Optional, Union

__all__ = ["OpenMessage", "ParlanceError", "Publisher", "generate_token", "get_client_script", "validate_token", "verify_request"]

_targets = ("room", "rooms", "user", "users", "everyone")
_max_bytes = 262_144
"""Longest publication that the server reads, in bytes of JSON."""
_pause_s = 1.0
"""So long a server is left in peace which did not answer, where there is a spool."""
_batch = 100
"""Publications of one request: so many are done well within two seconds."""
_piece_bytes = 2 * 16_384
"""Longest piece of an open message, in bytes of UTF-16."""
_pace_s = 0.2
"""Pieces of an open message are sent no oftener; what is appended in between goes together."""
_patience_s = 60.0
"""So long a server that does not answer is asked again for an open message."""
_max_user_id = 128
"""The longest user id that the server takes."""
_max_number = 2**53 - 1
"""The largest whole number that JavaScript does not round."""


class ParlanceError(Exception):
    """A publication that is refused, and stays so however often it is tried; or, with the codes `unreachable` (no answer, and no
    spool) and `spool_failed`, one that may be published or not: the same again with the same key does no harm."""

    def __init__(self, code: str, text: str, details: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.details: Mapping[str, Any] = details or {}


class _NoAnswer(Exception):
    """Nothing is known of what was sent: it may have been published or not."""


class Publisher:
    """Publishes over HTTP; what gets no clear answer in time is left in the spool directory, with the same key.

    Threads may share one.

    :param url: PARLANCE_URL, else http://127.0.0.1:8080.
    :param key: PARLANCE_API_KEY; without one all goes to the spool.
    :param spool_dir: PARLANCE_SPOOL_DIR; without one, what gets no answer raises.
    :param timeout_ms: for everything that is between the call and the answer.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        key: Optional[str] = None,
        spool_dir: Optional[str] = None,
        timeout_ms: int = 2_000,
    ) -> None:
        self._url = _setting(url, "PARLANCE_URL") or "http://127.0.0.1:8080"
        self._key = _setting(key, "PARLANCE_API_KEY")
        self._spool_dir = _setting(spool_dir, "PARLANCE_SPOOL_DIR")
        self._timeout_s = timeout_ms / 1_000
        self._not_before = 0.0
        url_parts = urllib.parse.urlsplit(self._url)
        is_url = re.fullmatch(r"https?://[\x21-\x7e]+", self._url) and url_parts.hostname and url_parts.port != 0
        if not is_url or not re.fullmatch(r"[\x21-\x7e]*", self._key):
            raise ValueError("the url is http://host or https://host; url and key are ASCII without blanks")

    def publish(self, publication: Mapping[str, Any]) -> dict[str, Any]:
        """Publishes one.

        :param publication: One of `room`, `rooms`, `user`, `users`, `everyone`: True; `text` or `data` or both; an
            `idempotency_key` of your own if you may have to say the same again.
        :returns: `by`: `http`, with `results`: for each room its `sequence`, or its `error`; or `by`: `spool`, with `file`
            and `reason`. `idempotency_key` in both.
        :raises ParlanceError: if the server refuses it, or if there is neither an answer nor a spool.
        """
        whole, body = _complete(publication)
        try:
            return _done(_read(*self._post(body)), whole)
        except _NoAnswer as none:
            return self._leave(whole, str(none))

    def publish_many(self, publications: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Publishes them in their order, a hundred with one request.

        :returns: for each what `publish` would return, or `error`, where the server refuses it. From the first request without an
            answer on, all go to the spool: what comes later does not overtake it.
        :raises ParlanceError: if one is no JSON, before any is sent; or if there is neither an answer nor a spool, and what was
            sent before may be published.
        """
        wholes = [_complete(publication) for publication in publications]
        results: list[dict[str, Any]] = []
        trouble = ""
        for start in range(0, len(wholes), _batch):
            part = wholes[start : start + _batch]
            answers: list[Any] = []
            try:
                if trouble != "":
                    raise _NoAnswer(trouble)
                answers = _read(*self._post(b'{"items":[' + b",".join(body for _, body in part) + b"]}"))["results"]
            except _NoAnswer as none:
                trouble = str(none)
            except ParlanceError as error:
                answers = [{"error": {"code": error.code, "text": error.text, "details": error.details}}] * len(part)
            for index, (whole, _) in enumerate(part):
                try:
                    if index >= len(answers):
                        raise _NoAnswer(trouble or "no answer to it")
                    results.append(_done(answers[index], whole))
                except _NoAnswer as none:
                    results.append(self._leave(whole, str(none)))
        return results

    def send_notification(self, text: str, data: Optional[Mapping[str, Any]] = None) -> dict[str, Any]:
        """Tells everybody. PorticoEstate's pages get `{type: "notification", message, data, timestamp}`."""
        return self.publish({"everyone": True, "text": text, **({"data": {"data": data}} if data else {})})

    def open_message(
        self, target: Mapping[str, Any], text: str = "", data: Optional[Mapping[str, Any]] = None
    ) -> OpenMessage:
        """Opens a message that grows, over HTTP only: `room`, `user` or `everyone`: True. Nothing of it goes to the spool.

        :raises ParlanceError: if the server refuses it, or does not answer for a minute.
        """
        return OpenMessage(self, target, text, data)

    def spool(self, publication: Mapping[str, Any]) -> dict[str, Any]:
        """Leaves a publication in the spool directory and asks nobody. As `publish`."""
        return self._leave(_complete(publication)[0], "asked for")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._key == "":
            raise _NoAnswer("no key")
        if self._spool_dir != "" and time.monotonic() < self._not_before:
            raise _NoAnswer("no answer a moment ago")
        try:
            return self._exchange(body)
        except _NoAnswer:
            self._not_before = time.monotonic() + _pause_s
            raise

    def _exchange(
        self, body: bytes, path: str = "/api/v1/publish", more: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        """In a thread of its own: each step of a socket has its own timeout, and the search for an address has none."""
        url = urllib.parse.urlsplit(self._url)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=self._timeout_s)
        outcome: queue.SimpleQueue[Union[tuple[int, bytes], Exception]] = queue.SimpleQueue()
        sockets: list[socket.socket] = []

        def exchange() -> None:
            try:
                connection.connect()
                sockets.append(connection.sock)
                headers = {
                    "Authorization": f"Bearer {self._key}",
                    "Content-Type": "application/json",
                    "Connection": "close",
                    **more,
                }
                connection.request("POST", url.path.rstrip("/") + path, body, headers)
                response = connection.getresponse()
                outcome.put((response.status, response.read()))
            except Exception as error:
                outcome.put(error)
            finally:
                connection.close()

        threading.Thread(target=exchange, daemon=True).start()
        try:
            result = outcome.get(timeout=self._timeout_s)
        except queue.Empty:
            for open_socket in sockets:
                with contextlib.suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)
            raise _NoAnswer("no answer in time") from None
        if isinstance(result, Exception):
            raise _NoAnswer(f"{type(result).__name__}: {result}") from result
        return result

    def _leave(self, publication: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """Writes a file of the spool: whole, on the disk and under its name, or not there for the server."""
        key = publication["idempotency_key"]
        if self._spool_dir == "":
            raise ParlanceError("unreachable", f"Perhaps not published: {reason}.", {"idempotency_key": key})
        # The service that the key speaks for: the server tells keys of publications apart by it.
        parts = self._key.split("_")
        is_key = len(parts) > 2 and parts[0] == "plk"
        content = _json({**publication, **({"key_id": parts[1]} if is_key else {})})
        file = os.path.join(self._spool_dir, _new_name())
        try:
            _write(file, content)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(f"{file}.tmp")
            # The next one had better ask the server.
            self._not_before = 0.0
            text = f"Perhaps not published: {reason}; nor left in the spool: {error}"
            raise ParlanceError("spool_failed", text, {"idempotency_key": key}) from error
        return {"by": "spool", "idempotency_key": key, "file": file, "reason": reason}


class OpenMessage:
    """A message that grows: appended to bit by bit and closed. What is not acknowledged is repeated by its position, which counts
    UTF-16 code units as the server does. One thread at a time. `with` closes it."""

    def __init__(
        self, publisher: Publisher, target: Mapping[str, Any], text: str = "", data: Optional[Mapping[str, Any]] = None
    ) -> None:
        room = "notifications" if target.get("everyone") else target.get("room") or f"user:{target['user']}"
        self._publisher = publisher
        self._key = secrets.token_hex(16)
        self._rest = b""
        self._sent_at = 0.0
        self._stored = len(_units(text)) // 2
        path = f"/api/v1/rooms/{urllib.parse.quote(str(room), safe='')}/messages"
        opened = self._ask(path, {"text": text, "open": True, **({"data": data} if data else {})})
        self._path = f"{path}/{urllib.parse.quote(str(opened['message_id']), safe='')}"
        self.is_ended = False
        """Closed, or ended by somebody else: what makes the text may stop."""

    def append(self, text: str) -> bool:
        """Takes a piece. It is sent at once, or a moment later together with the next ones.

        :returns: False once somebody else has ended the message.
        :raises ParlanceError: if the server refuses it, or does not answer for a minute.
        """
        if not self.is_ended:
            self._rest += _units(text)
            if time.monotonic() - self._sent_at >= _pace_s:
                self._send()
        return not self.is_ended

    def close(self) -> bool:
        """Sends what is left and closes. As `append`."""
        if self.is_ended:
            return False
        while not self.is_ended:
            self._send()
            if self.is_ended:
                return False
            told = self._ask(f"{self._path}/close", {"length": self._stored})
            if "message_id" in told or "ended" in told:
                self.is_ended = True
                return "message_id" in told
            self._advance(told["length"])
        return False

    def __enter__(self) -> OpenMessage:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _send(self) -> None:
        while self._rest != b"" and not self.is_ended:
            piece = self._rest[:_piece_bytes]
            # Not the first half of a pair without the second.
            if len(piece) < len(self._rest) and 0xD8 <= piece[-1] <= 0xDB:
                piece = piece[:-2]
            told = self._ask(f"{self._path}/append", {"at": self._stored, "text": piece.decode("utf-16-le")})
            if "ended" in told:
                self.is_ended = True
            else:
                self._advance(told["length"])
        self._sent_at = time.monotonic()

    def _advance(self, length: int) -> None:
        if not 0 <= length - self._stored <= len(self._rest) // 2:
            raise ParlanceError("conflict", "Somebody else writes this message.", {"length": length})
        self._rest = self._rest[2 * (length - self._stored) :]
        self._stored = length

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Asks until there is an answer: its body, `length` where the server has another part of the text, or `ended`."""
        until = time.monotonic() + _patience_s
        pause = 0.1
        while True:
            try:
                return _told(*self._publisher._exchange(_json(body), path, {"Idempotency-Key": self._key}))
            except _NoAnswer as none:
                if time.monotonic() + pause > until:
                    details = {"idempotency_key": self._key}
                    raise ParlanceError("unreachable", f"Not all is published: {none}.", details) from none
            time.sleep(pause)
            pause = min(5.0, 2 * pause)


def generate_token(
    user_id: Union[int, str],
    ttl: int = 3_600,
    *,
    secret: Optional[str] = None,
    name: Optional[str] = None,
    single_use: bool = False,
) -> str:
    """A token for one user: a JWT, signed with HS256.

    :param user_id: The token keeps whether it was a number or a text: pages compare ids with `===`.
    :param ttl: Seconds until it expires.
    :param secret: PARLANCE_SECRET.
    :param name: What others see.
    :param single_use: Good for one sign-in.
    """
    if type(user_id) is int:
        is_usable = abs(user_id) <= _max_number
    else:
        is_usable = isinstance(user_id, str) and re.fullmatch(r"[\x21-\x7e]{1,%d}" % _max_user_id, user_id) is not None
    if not is_usable:
        raise ValueError("the user's id is a whole number, or a text of visible ASCII characters")
    if type(ttl) is not int or ttl <= 0:
        raise ValueError("the lifetime is a whole number of seconds above 0")
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": str(user_id),
        "user_id": user_id,
        "iat": now,
        "exp": now + ttl,
        "jti": secrets.token_hex(16),
    }
    if name is not None:
        claims["name"] = name
    if single_use:
        claims["single_use"] = True
    signed = f"{_base64(_json({'alg': 'HS256', 'typ': 'JWT'}))}.{_base64(_json(claims))}"
    return f"{signed}.{_base64(_sign(signed, secret))}"


def validate_token(token: str, *, secret: Optional[str] = None) -> Optional[dict[str, Any]]:
    """Whether a token is genuine and has not expired.

    :param secret: PARLANCE_SECRET.
    :returns: What it says; None for every other text, with no word about the cause.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    head, body, signature = parts
    header = _decode(head)
    # The algorithm is ours to choose. A token that names another one, `none` above all, is none of ours.
    if header.get("alg") != "HS256" or "crit" in header:
        return None
    given = _bytes(signature)
    if given is None or not hmac.compare_digest(_sign(f"{head}.{body}", secret), given):
        return None
    claims = _decode(body)
    now = int(time.time())
    is_in_force = _is_number(claims.get("exp")) and claims["exp"] > now
    has_begun = "nbf" not in claims or (_is_number(claims["nbf"]) and claims["nbf"] <= now)
    is_whole = isinstance(claims.get("sub"), str) and isinstance(claims.get("jti"), str)
    return claims if is_in_force and has_begun and is_whole else None


def verify_request(secret: str, header: Optional[str], body: Union[bytes, str], tolerance_seconds: int = 300) -> bool:
    """Whether a request of a hook is genuine: signed with the secret that both know, not changed, and of now.

    :param header: The field `Parlance-Signature`.
    :param body: As it came, before anything is made of it.
    :param tolerance_seconds: So far the clocks of the two machines may be apart.
    """
    if secret == "":
        raise ValueError("the secret is empty")
    parts = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", header or "")
    if parts is None:
        return False
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    right = hmac.new(secret.encode(), parts[1].encode() + b"." + content, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right, parts[2]) and abs(time.time() - int(parts[1])) <= tolerance_seconds


def get_client_script(
    url: str,
    *,
    token: str,
    reconnect: bool = True,
    reconnect_delay: float = 3_000,
    script_url: Optional[str] = None,
    features: Optional[Mapping[str, bool]] = None,
) -> str:
    """The `<script>` element that gives a page `wsManager`. Address, token and options are in its `data-options`; no value
    can break out of it. The page holds a token then: send it with `Cache-Control: no-store`.

    :param url: Where the WebSocket is, `ws:` or `wss:`, its host in ASCII.
    :param reconnect_delay: Milliseconds before the first return.
    :param script_url: `/mmb/client.js` at the host of `url` if not given.
    :param features: `chat`, `collaboration`, `notifications`: False.
    """
    if not _is_number(reconnect_delay) or not 0 <= reconnect_delay < float("inf"):
        raise ValueError("reconnect_delay is a number of milliseconds")
    origin = _origin(url, {"ws": 80, "wss": 443})
    source = f"http{origin[2:]}/mmb/client.js" if script_url is None else script_url
    if not re.fullmatch(r"/(?![/\\])[^\x00-\x1f]*", source):
        _origin(source, {"http": 80, "https": 443})
    data: dict[str, Any] = {"url": url, "token": token, "reconnect": reconnect}
    data["reconnectDelay"] = int(reconnect_delay) if reconnect_delay == int(reconnect_delay) else reconnect_delay
    if features is not None:
        data["features"] = dict(features)
    escaped = re.sub("[<>&'\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", _json(data).decode())
    address = re.sub("[<>&\"']", lambda found: f"&#{ord(found[0])};", source)
    return f"<script src=\"{address}\" data-options='{escaped}'></script>"


def _setting(given: Optional[str], variable: str) -> str:
    return os.environ.get(variable, "") if given is None else given


def _complete(publication: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """With a key, and as JSON. What would be refused at any rate is refused here: from the spool nobody could be told."""
    whole = {"idempotency_key": secrets.token_hex(16), **publication}
    # Ids are texts on the wire, and numbers in most databases.
    if type(whole.get("user")) is int:
        whole["user"] = str(whole["user"])
    if isinstance(whole.get("users"), (list, tuple)):
        whole["users"] = [str(user) if type(user) is int else user for user in whole["users"]]
    if sum(name in whole for name in _targets) != 1:
        raise ParlanceError("bad_request", f"exactly one of {', '.join(_targets)}")
    if whole.get("text") is None and whole.get("data") is None:
        raise ParlanceError("bad_request", "text or data", {"field": "text"})
    key = whole["idempotency_key"]
    if not isinstance(key, str) or re.fullmatch(r"[\x21-\x7e]{1,64}", key) is None:
        raise ParlanceError("bad_request", "1-64 visible ASCII characters", {"field": "idempotency_key"})
    try:
        body = _json(whole)
    except (TypeError, ValueError) as error:
        raise ParlanceError("bad_request", str(error)) from error
    if len(body) > _max_bytes:
        raise ParlanceError("too_large", "That is too large.", {"limit": _max_bytes})
    return whole, body


def _read(status: int, content: bytes) -> dict[str, Any]:
    """What an answer says. Only one of the server's own is believed: a proxy's 404 settles nothing."""
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _NoAnswer(f"HTTP {status}")
    if 200 <= status < 300 and isinstance(answer.get("results"), list):
        return answer
    error = answer.get("error")
    is_final = 400 <= status < 500 and status not in (408, 429)
    if is_final and isinstance(error, dict) and isinstance(error.get("code"), str):
        raise ParlanceError(error["code"], error.get("text", ""), error.get("details"))
    raise _NoAnswer(f"HTTP {status}")


def _told(status: int, content: bytes) -> dict[str, Any]:
    """What an answer about an open message says."""
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _NoAnswer(f"HTTP {status}")
    if 200 <= status < 300:
        return answer
    error = answer.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), str) or error.get("retry") == "later":
        raise _NoAnswer(f"HTTP {status}")
    details = error.get("details") or {}
    if error["code"] == "conflict" and isinstance(details.get("length"), int):
        return {"length": details["length"]}
    if error["code"] == "conflict" and details.get("field") == "message_id":
        return {"ended": True}
    raise ParlanceError(error["code"], error.get("text", ""), details)


def _units(text: str) -> bytes:
    """The text in UTF-16, in which the server counts. Halves of pairs that Python's texts may have are none of a message's."""
    return text.encode("utf-16-le", "replace")


def _done(answer: Any, publication: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer to one publication says of it."""
    error = answer.get("error")
    rows = answer.get("results", [])
    if any(one.get("retry") == "later" for one in [error or {}] + [row.get("error", {}) for row in rows]):
        raise _NoAnswer("not in every room yet")
    if error is not None:
        return {"error": error}
    return {"by": "http", "idempotency_key": publication["idempotency_key"], "results": rows}


def _write(file: str, content: bytes) -> None:
    # The server may be another user, in the group that the directory hands down.
    with open(os.open(f"{file}.tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(f"{file}.tmp", file)
    if os.name == "posix":
        # Its name too has to be on the disk.
        directory = os.open(os.path.dirname(file), os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


_last_name = 0
_names = threading.Lock()


def _new_name() -> str:
    """So that the names of one process are in its order."""
    global _last_name
    with _names:
        _last_name = max(_last_name + 1, time.time_ns() // 1_000)
        return f"{_last_name:017d}-{secrets.token_hex(8)}.json"


def _origin(url: str, ports: Mapping[str, int]) -> str:
    """Scheme, host and port as a browser writes them. Refuses what browsers and Python may read in two ways."""
    schemes = "|".join(ports)
    form = rf"({schemes})://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([0-9]{{1,5}}))?(?:[/?#][^\x00-\x1f]*)?"
    match = re.fullmatch(form, url, re.IGNORECASE | re.ASCII)
    if match is None:
        raise ValueError(f"not an address of {schemes}")
    scheme, host = match[1].lower(), match[2].lower()
    if host[0] == "[":
        host = f"[{ipaddress.IPv6Address(host[1:-1])}]"
    elif re.search(r"(^|\.)([0-9]+|0x[0-9a-f]*)\.?$", host):
        ipaddress.IPv4Address(host)
    port = int(match[3] or ports[scheme])
    if port > 65_535:
        raise ValueError(f"not an address of {schemes}")
    return f"{scheme}://{host}" + ("" if port == ports[scheme] else f":{port}")


def _json(value: Any) -> bytes:
    """As JavaScript writes it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _sign(text: str, secret: Optional[str]) -> bytes:
    key = _setting(secret, "PARLANCE_SECRET")
    # An empty key signs too, and everybody knows it.
    if key == "":
        raise ValueError("the secret is empty")
    return hmac.new(key.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> Optional[bytes]:
    if re.fullmatch(r"[A-Za-z0-9_-]*", text) is None or len(text) % 4 == 1:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _decode(part: str) -> dict[str, Any]:
    """An object, empty where the text is none."""
    try:
        value = json.loads((_bytes(part) or b"").decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refuse(constant: str) -> None:
    """`NaN` and `Infinity` are no JSON."""
    raise ValueError(constant)
