"""Calls examples/python/parlance.py for the tests: a line `[call, argument, …]` in, a line `{"ok": …}`, `{"refused": …}` or `{"invalid": …}` out."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/python"))

import parlance  # noqa: E402

publisher = parlance.Publisher(timeout_ms=int(os.environ.get("TIMEOUT_MS") or 2_000))


def generate(user, ttl=3_600, options=None):
    given = {"single_use" if name == "singleUse" else name: value for name, value in (options or {}).items()}
    return parlance.generate_token(user, ttl, **given)


def script(url, options):
    names = {"reconnectDelay": "reconnect_delay", "scriptUrl": "script_url"}
    return parlance.get_client_script(url, **{names.get(name, name): value for name, value in options.items()})


message = None


def open_message(target, text=""):
    global message
    message = publisher.open_message(target, text)


calls = {
    "open": open_message,
    "append": lambda text: message.append(text),
    "close": lambda: message.close(),
    "publish": publisher.publish,
    "publishMany": publisher.publish_many,
    "spool": publisher.spool,
    "notify": publisher.send_notification,
    "generate": generate,
    "validate": lambda token, options=None: parlance.validate_token(token, **(options or {})),
    "verify": parlance.verify_request,
    "script": script,
}
for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = {"ok": calls[name](*arguments)}
    except parlance.ParlanceError as error:
        answer = {"refused": {"code": error.code, "text": error.text, "details": error.details}}
    except (TypeError, ValueError) as error:
        answer = {"invalid": str(error)}
    print(json.dumps(answer), flush=True)
