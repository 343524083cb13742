"""What a test wants the server to do: control.json, which is read again for every request.

The keys of control.json are those of SETTINGS and FAULT_KEYS below. An unknown key is an error that every
response reports, because a test would pass for the wrong reason if a fault silently never happened.
"""

import json
import os

SETTINGS = {
    "expires_in": 900,  # life of access tokens from now on, at the server and in the response
    "token_set": {},  # fields added to the token response, such as {"expires_in": "900"}
    "token_drop": [],  # fields left out of it
    "interval": 1,
    "device_expires_in": 600,  # life of a device code
    "device_set": {},
    "device_drop": [],
    "pending": 1,  # authorization_pending responses for a code before its outcome
    "approve": "yes",  # outcome: yes, no (pending for ever), denied, expired, page (yes once /device?user_code= was opened)
    "enforce_interval": True,  # a poll that comes too early gets slow_down
    "reject_status": 400,  # status of invalid_grant
    "keep_alive": True,
    "models_headers": False,  # the model list also requires our User-Agent and the device headers
    "models": [
        {
            "id": "kimi-for-coding",
            "display_name": "Kimi For Coding",
            "context_length": 262144,
            "supports_reasoning": True,
            "supports_image_in": True,
            "supports_video_in": False,
        },
        {"id": "kimi-k2-turbo", "context_length": 131072},
    ],
    "cn_models": [
        {"id": "kimi-k2.5", "context_length": 262144},
        {"id": "kimi-k2-thinking", "context_length": 262144},
        {"id": "moonshot-v1-8k", "context_length": 8192},
    ],
    "ai_models": [
        {"id": "kimi-k2.5", "context_length": 262144},
        {"id": "moonshot-v1-8k", "context_length": 8192},
    ],
    "usages_shape": "both",  # of the quota: "old", "new" or "both"
    "usages": None,  # or the complete response
    "me": {
        "user_id": "u-1",
        "nickname": "Someone",
        "status": "USER_STATUS_NORMAL",
        "region": "REGION_CN",
        "user_level": 25,
        "user_level_name": "Vivace",
        "phone": {"country_code": "86", "number": "138****0000"},
    },
    "cn_balance": {"available_balance": 49.58894, "voucher_balance": 46.58893, "cash_balance": 3.00001},
    "ai_balance": {"available_balance": 5, "voucher_balance": 0, "cash_balance": 5},
    "api_keys": {},  # {"cn": ["sk-..."], "ai": [...], "code": [...]}
    "seed": [],  # [{"access_token", "refresh_token", "expires_in"}]: logins that exist from the start
    "faults": {},  # {ENDPOINT: [FAULT, ...]}, each for one request
}

# The queues from which a request of each kind takes its fault; the first that is not empty.
QUEUES = {
    "connect": ["connect"],
    "device": ["device"],
    "poll": ["poll", "token"],
    "refresh": ["refresh", "token"],
    "models": ["models"],
    "stream": ["stream"],
    "cn_models": ["cn_models"],
    "ai_models": ["ai_models"],
    "usages": ["usages"],
    "me": ["me"],
    "cn_balance": ["cn_balance"],
    "ai_balance": ["ai_balance"],
}

FAULT_KEYS = {
    # For how many requests, and whether the request takes effect at the server.
    "ok",  # no fault: this request succeeds
    "repeat",  # for that many requests, not only one
    "forever",
    "for",  # only for requests with this value in the form or as bearer token, so that each of many clients has its own faults
    "process",  # true: the token is spent although the response is replaced; false: not spent although a plausible one is sent
    # Instead of the real response; "status" alone sends a line of text.
    "status",
    "body",
    "json",  # any JSON value
    "error",  # an OAuth error object, status 400 by default; it also applies to the device code
    "description",
    "location",  # a redirect, 302 by default
    "raw_b64",  # these bytes instead of an HTTP response, then closes
    # Changes of the response.
    "headers",
    "content_type",
    "set",  # {FIELD: VALUE} set in the JSON object
    "drop",  # [FIELD] removed from it
    "nul",  # a NUL byte in the middle of the body
    "pad",  # that many blanks after the body
    # Damage on the way.
    "truncate",  # that many bytes of the body, then closes; Content-Length is that of the whole
    "reset",  # a RST "before" a response or "mid-body"
    "trickle",  # seconds between two bytes of the body; true is 1
    "trickle_head",  # the same, from the first byte of the response on
    "endless",  # true: an endless body; "head" or "trailers": endless header lines before or after the body
    "silent",  # never responds
    # Delays: seconds, or the NAME of a hold; held.NAME appears, and release.NAME ends it.
    "delay",  # after the request took effect
    "delay_before",  # before it does
    "hold",
    "hold_before",
}

# Faults that replace the real response, so that nothing is spent unless "process" is true.
REPLACING = {"status", "body", "json", "error", "location", "raw_b64", "endless", "silent"}


def replaces(fault):
    return bool(REPLACING & fault.keys()) or fault.get("reset") == "before"


def _check(control):
    """Raise ValueError for a control file with unknown keys or wrong values."""
    if not isinstance(control, dict):
        raise ValueError("not an object")
    unknown = control.keys() - SETTINGS.keys()
    if unknown:
        raise ValueError("unknown setting %s" % ", ".join(sorted(unknown)))
    if control.get("approve", "yes") not in ("yes", "no", "denied", "expired", "page"):
        raise ValueError("approve must be yes, no, denied, expired or page")
    queues = {name for names in QUEUES.values() for name in names}
    for name, faults in control.get("faults", {}).items():
        if name not in queues:
            raise ValueError("faults: unknown endpoint %s" % name)
        for fault in faults:
            unknown = fault.keys() - FAULT_KEYS
            if unknown:
                raise ValueError("faults: unknown word %s" % ", ".join(sorted(unknown)))
            if fault.get("reset") not in (None, "before", "mid-body"):
                raise ValueError('faults: reset is "before" or "mid-body"')
            if name == "connect" and not (fault.keys() & {"silent", "reset", "ok"} and "for" not in fault):
                raise ValueError("faults: connect takes silent, reset and ok alone")


class Control:
    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "control.json")
        self.settings = dict(SETTINGS)
        self.error = None
        self.seeds = []  # those not yet collected by new_seeds()
        self._queues = {}
        self._file = None
        self._seen = None
        self._seed_offset = 0

    def reload(self):
        """Read the control file again if it was replaced or changed; its faults start from the beginning."""
        try:
            file = open(self.path, "rb")
        except FileNotFoundError:
            file = None
        status = file and os.fstat(file.fileno())
        seen = status and (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        if seen == self._seen:
            if file:
                file.close()
            return
        # The file stays open, so that a replacement cannot have the same inode number.
        if self._file:
            self._file.close()
        self._file, self._seen = file, seen
        self.error = None
        try:
            control = json.load(file) if file else {}
            _check(control)
        except (ValueError, AttributeError, TypeError) as error:
            self._complain("control.json: %s" % error)
            control = {}
        self.settings = {**SETTINGS, **control}
        self.seeds += self.settings["seed"]
        # An entry is [fault, uses left]; None is unlimited.
        self._queues = {
            name: [[fault, None if fault.get("forever") else fault.get("repeat", 1)] for fault in faults]
            for name, faults in self.settings["faults"].items()
        }

    def _complain(self, message):
        """Tell the test that its control file is wrong; the harness fails the test if control_error exists."""
        self.error = message
        with open(os.path.join(self.folder, "control_error"), "a") as file:
            print(message, file=file)

    def new_seeds(self):
        """The seeds of control.json and of seed.jsonl, which store_login appends to and server_control keeps."""
        try:
            with open(os.path.join(self.folder, "seed.jsonl"), "rb") as file:
                file.seek(self._seed_offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._seed_offset += len(line)
                    self.seeds.append(json.loads(line))
        except FileNotFoundError:
            pass
        seeds, self.seeds = self.seeds, []
        return seeds

    def take_fault(self, endpoint, request=None):
        """The fault of the next request to this endpoint; {} is none."""
        for name in QUEUES.get(endpoint, ()):
            queue = self._queues.get(name, [])
            for entry in queue:
                fault, left = entry
                if left == 0 or not _is_for(fault, request):
                    continue
                if left is not None:
                    entry[1] -= 1
                    if not entry[1]:
                        queue.remove(entry)
                return fault
        return {}


def _is_for(fault, request):
    """Some faults are for one of many clients only, identified by what it sends."""
    whom = fault.get("for")
    return whom is None or whom in request.form.values() or request.header("authorization") == "Bearer " + whom
