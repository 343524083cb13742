"""What a test has told the server to do: control.json, read again for every request.

The words of control.json are the keys of SETTINGS and FAULT_KEYS below. A misspelt word is an error that every
answer reports, since a fault that silently never happens would make a test pass for the wrong reason.
"""

import json
import os

SETTINGS = {
    "expires_in": 900,  # life of access tokens from now on, at the server and in the answer
    "token_set": {},  # fields put over the token answer, e.g. {"expires_in": "900"}
    "token_drop": [],  # fields left out of it
    "interval": 1,
    "device_expires_in": 600,  # life of a device code
    "device_set": {},
    "device_drop": [],
    "pending": 1,  # authorization_pending answers a code gives before its outcome
    "approve": "yes",  # outcome: yes, no (pending for ever), denied, expired, page (yes once /device?user_code= was opened)
    "enforce_interval": True,  # a poll that comes too soon is told slow_down
    "reject_status": 400,  # status of invalid_grant
    "keep_alive": True,
    "models_headers": False,  # the model list, too, insists on our User-Agent and the device headers
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
    "usages": None,  # or the whole answer
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
    "seed": [],  # [{"access_token", "refresh_token", "expires_in"}]: logins to know from the start
    "faults": {},  # {ENDPOINT: [FAULT, ...]}, each used up by one request
}

# The queues a request of each kind takes its fault from; the first that has one left is used.
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
    # How often, and whether the request takes effect at the server.
    "ok",  # no fault: this request passes
    "repeat",  # used up by so many requests, not by one
    "forever",
    "for",  # only a request with this value in its form, or as its bearer token: each of many clients has faults of its own
    "process",  # true: the token is spent although the answer is replaced; false: not spent although a real-looking one goes out
    # Another answer than the real one; status alone gives it a line of text.
    "status",
    "body",
    "json",  # any JSON value
    "error",  # an OAuth error object, status 400 unless said; the device code follows suit
    "description",
    "location",  # a redirect, 302 unless said
    "raw_b64",  # these bytes instead of any HTTP answer, then the end
    # Changes to whichever answer it is.
    "headers",
    "content_type",
    "set",  # {FIELD: VALUE} put over the JSON object
    "drop",  # [FIELD] taken out of it
    "nul",  # a NUL byte in the middle of the body
    "pad",  # so many blanks behind the body
    # Harm on the way.
    "truncate",  # so many bytes of the body, then the end, with the full Content-Length announced
    "reset",  # a RST "before" an answer or "mid-body"
    "trickle",  # seconds between two bytes of the body; true is 1
    "trickle_head",  # the same, from the first byte of the answer on
    "endless",  # true: a body without end; "head": header lines without end
    "silent",  # never answers
    # Time: seconds, or the NAME of a hold; held.NAME appears, and release.NAME lets go.
    "delay",  # after the request took effect
    "delay_before",  # before it does
    "hold",
    "hold_before",
}

# Faults that put an answer of their own in the place of the real one, so that nothing is spent unless "process" is true.
REPLACING = {"status", "body", "json", "error", "location", "raw_b64", "endless", "silent"}


def replaces(fault):
    return bool(REPLACING & fault.keys()) or fault.get("reset") == "before"


def _check(control):
    """Raise ValueError for a control file that does not mean what its writer believes."""
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
        """Take over control.json if it is another file, or has changed, since last time; its faults start afresh."""
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
        # The file stays open, so that its inode number cannot come back as that of a replacement.
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
        # An entry is [fault, uses left]; None is without end.
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
        """Seeds of control.json and of seed.jsonl, which store_login adds to and server_control leaves alone."""
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
        """The fault the next request to this endpoint shall have; {} is none."""
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
    """Some faults are for one of many clients alone, who is known by what it shows."""
    whom = fault.get("for")
    return whom is None or whom in request.form.values() or request.header("authorization") == "Bearer " + whom
