"""What the Kimi service does: device flow (RFC 8628), rotation of refresh tokens, model lists, quotas and balances.

It knows nothing about sockets or faults. The caller holds one lock around every call.
"""

import json
import os
import time
from urllib.parse import parse_qsl

CLIENT_ID = "17e5f671-d194-4dfb-9706-5516cb48c098"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE_HEADERS = [
    "X-Msh-Platform",
    "X-Msh-Version",
    "X-Msh-Device-Name",
    "X-Msh-Device-Model",
    "X-Msh-Os-Version",
    "X-Msh-Device-Id",
]
OAUTH_FIELDS = {
    "device": {"client_id"},
    "poll": {"client_id", "grant_type", "device_code"},
    "refresh": {"client_id", "grant_type", "refresh_token"},
}
ROUTES = {
    ("POST", "/api/oauth/device_authorization"): "device",
    ("GET", "/coding/v1/models"): "models",
    ("GET", "/cn/v1/models"): "cn_models",
    ("GET", "/ai/v1/models"): "ai_models",
    ("GET", "/coding/v1/usages"): "usages",
    ("GET", "/coding/v1/me"): "me",
    ("GET", "/cn/v1/users/me/balance"): "cn_balance",
    ("GET", "/ai/v1/users/me/balance"): "ai_balance",
    ("GET", "/device"): "page",
    ("GET", "/_stats"): "stats",
}
KEY_PLATFORM = {
    "models": "code",
    "stream": "code",
    "cn_models": "cn",
    "ai_models": "ai",
    "usages": "code",
    "me": "code",
    "cn_balance": "cn",
    "ai_balance": "ai",
}
# What other programs use: with our own name, and without claiming to be a chat client on some device.
THIRD_PARTY = ("usages", "me", "cn_balance", "ai_balance")


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.path, _, self.raw_query = target.partition("?")
        self.query = dict(parse_qsl(self.raw_query))
        self.headers = headers  # (name in lower case, value as sent) pairs
        self.fields = []
        if self.header("content-type").split(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            self.fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="utf-8")
        self.form = dict(self.fields)

    def header(self, name):
        return next((value for key, value in self.headers if key == name), "")

    def endpoint(self):
        if (self.method, self.path) == ("POST", "/api/oauth/token"):
            grant = self.form.get("grant_type")
            return {DEVICE_GRANT: "poll", "refresh_token": "refresh"}.get(grant, "token")
        if self.path.startswith("/coding/v1/x/"):
            return "stream"
        return ROUTES.get((self.method, self.path), "other")


class Answer:
    def __init__(self, status, body=b"", content_type="text/plain"):
        self.status = status
        self.body = body
        self.headers = {"Content-Type": content_type}

    @classmethod
    def json(cls, status, value):
        return cls(status, json.dumps(value).encode(), "application/json")


def oauth_error(status, error, description):
    return Answer.json(status, {"error": error, "error_description": description})


class Login:
    def __init__(self):
        self.revoked = False
        self.refresh_token = None  # the one that is not spent


class Code:
    def __init__(self, user_code, settings, now):
        self.user_code = user_code
        self.ends_at = now + _number(settings["device_expires_in"], 600)
        self.polls = 0
        self.extra_wait = 0  # added by slow_down
        self.last_poll = None
        self.approved = False
        self.over = None  # the error that every later poll gets


def _number(value, default):
    """A setting that a test may have made invalid on purpose, as the number that the server itself uses."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def _edited(answer, put, drop):
    return {key: value for key, value in {**answer, **put}.items() if key not in drop}


def _usages(settings):
    """The quota in the chosen shape: as servers sent it before September 2026, as they send it since, or both."""
    if settings["usages"] is not None:
        return settings["usages"]

    def after(seconds, fraction):
        moment = time.time() + seconds
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + fraction + "Z"

    def detail(used, seconds):
        return {"limit": "100", "used": str(used), "remaining": str(100 - used), "resetTime": after(seconds, ".519605000")}

    def entry(ratio, seconds):
        return {"used_ratio": ratio, "reset_time": after(seconds, "")}

    five_hours, week, month = 2 * 3600 + 930, 3 * 86400 + 930, 17 * 86400 + 930
    old = {
        "usage": detail(26, week),
        "limits": [{"window": {"duration": 300, "timeUnit": "TIME_UNIT_MINUTE"}, "detail": detail(27, five_hours)}],
    }
    new = {
        "usages": {
            "limit_5h": entry(0.27, five_hours),
            "limit_7d": entry(0.26, week),
            "limit_month_total": entry(0.4, month),
            "limit_month_code": entry("0.25", month),
        }
    }
    both = {
        "parallel": {"limit": "30"},
        "totalQuota": {},
        "user": {"userId": "u-1", "membership": {"level": "LEVEL_STANDARD"}},
        "subType": "TYPE_PURCHASE",
    }
    return {**both, **{"old": old, "new": new, "both": {**old, **new}}[settings["usages_shape"]]}


class Service:
    def __init__(self, url):
        self.url = url
        self.stats = {"issued": 0, "revoked": 0, "refused": 0, "too_soon": 0, "last_access_token": None}
        self._access = {}  # access token: (login, expiry)
        self._refresh = {}  # refresh token, spent or not: login
        self._codes = {}

    def seed(self, seeds, settings):
        for seed in seeds:
            if seed["refresh_token"] not in self._refresh:  # a spent token stays spent
                life = seed.get("expires_in", settings["expires_in"])
                self._add(Login(), seed["access_token"], seed["refresh_token"], life)

    def _add(self, login, access, refresh, life):
        login.refresh_token = refresh
        self._access[access] = (login, time.time() + _number(life, 900))
        self._refresh[refresh] = login

    def refusal(self, request, endpoint, settings):
        """What is wrong with a request apart from its tokens; None if nothing is."""
        answer = self._bad_headers(request, endpoint, settings) or self._bad_form(request, endpoint)
        if answer:
            self.stats["refused"] += 1
        return answer

    def _bad_headers(self, request, endpoint, settings):
        if endpoint in THIRD_PARTY:
            if not request.header("user-agent").startswith("kimi-toolkit/"):
                return oauth_error(400, "invalid_request", "header User-Agent is not kimi-toolkit/...")
            if any(key.startswith("x-msh-") for key, _ in request.headers):
                return oauth_error(400, "invalid_request", "there is a device header")
            return None
        required = endpoint in ("device", "poll", "refresh", "token")
        if endpoint == "models" and settings["models_headers"]:
            required = True
        if required and not request.header("user-agent").startswith("kimi-toolkit/"):
            return oauth_error(400, "invalid_request", "header User-Agent is not kimi-toolkit/...")
        for name in DEVICE_HEADERS:
            values = [value for key, value in request.headers if key == name.lower()]
            if not values and not required:
                continue
            problem = None
            if len(values) != 1:
                problem = "missing" if not values else "given twice"
            elif values[0] != values[0].strip() or not values[0]:
                problem = "empty" if not values[0].strip() else "not trimmed"
            elif not all(" " <= char <= "~" for char in values[0]):
                problem = "not printable ASCII"
            elif name == "X-Msh-Platform" and values[0] not in ("kimi_cli", "kimi_code_cli"):
                problem = "not kimi_cli or kimi_code_cli"
            if problem:
                return oauth_error(400, "invalid_request", "header %s is %s" % (name, problem))
        return None

    def _bad_form(self, request, endpoint):
        if endpoint == "token":
            return oauth_error(400, "unsupported_grant_type", "grant_type is unknown or the body is no form")
        if endpoint not in OAUTH_FIELDS:
            return None
        given = sorted(name for name, _ in request.fields)
        if given != sorted(OAUTH_FIELDS[endpoint]):
            return oauth_error(400, "invalid_request", "form fields are %s" % given)
        if request.form["client_id"] != CLIENT_ID:
            return oauth_error(400, "invalid_client", "client_id is unknown")
        return None

    def answer(self, request, endpoint, settings, commit=True):
        """Do what was asked. With commit False nothing changes, and the tokens and codes in the response are invented."""
        if endpoint == "device":
            return self._device(settings, commit)
        if endpoint == "poll":
            return self._poll(request, settings, commit)
        if endpoint == "refresh":
            return self._rotate(request, settings, commit)
        if endpoint in KEY_PLATFORM:
            return self._authorized(request, endpoint, settings)
        if endpoint == "page":
            return self._page(request)
        return Answer.json(404, {"error": "not_found", "error_description": request.path})

    def _device(self, settings, commit):
        user_code = "%s-%s" % (os.urandom(2).hex().upper(), os.urandom(2).hex().upper())
        device_code = "dc-" + os.urandom(16).hex()
        if commit:
            self._codes[device_code] = Code(user_code, settings, time.time())
        answer = {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": self.url + "/device",
            "verification_uri_complete": self.url + "/device?user_code=" + user_code,
            "expires_in": settings["device_expires_in"],
            "interval": settings["interval"],
        }
        return Answer.json(200, _edited(answer, settings["device_set"], settings["device_drop"]))

    def _poll(self, request, settings, commit):
        code = self._codes.get(request.form["device_code"])
        error = self._poll_error(code, settings)
        if error:
            return oauth_error(400, error, "the code says " + error)
        if commit:
            code.over = "invalid_grant"  # a code is valid for one login
        return self._tokens(Login(), settings, commit)

    def _poll_error(self, code, settings):
        now = time.time()
        if code is None:
            return "invalid_grant"
        last, code.last_poll = code.last_poll, now
        if code.over:
            return code.over
        if now > code.ends_at:
            return "expired_token"
        wait = max(1, _number(settings["interval"], 1)) + code.extra_wait
        # 0.1 s of grace: the client's interval starts when our response arrives, but clocks have coarse ticks.
        if settings["enforce_interval"] and last and now - last < wait - 0.1:
            self.stats["too_soon"] += 1
            code.extra_wait += 5
            return "slow_down"
        code.polls += 1
        approve = settings["approve"]
        if code.polls <= settings["pending"] or approve == "no" or (approve == "page" and not code.approved):
            return "authorization_pending"
        code.over = {"denied": "access_denied", "expired": "expired_token"}.get(approve)
        return code.over

    def note_poll_error(self, request, error):
        """A fault has told the client this error: from now on the code agrees."""
        code = self._codes.get(request.form.get("device_code"))
        if code:
            code.last_poll = time.time()
            if error == "slow_down":
                code.extra_wait += 5
            elif error in ("expired_token", "access_denied"):
                code.over = error

    def _rotate(self, request, settings, commit):
        token = request.form["refresh_token"]
        login = self._refresh.get(token)
        if login and not login.revoked and login.refresh_token == token:
            return self._tokens(login, settings, commit)
        if login and not login.revoked and commit:
            # A spent token that is used again indicates theft: the whole login ends.
            login.revoked = True
            self.stats["revoked"] += 1
        return oauth_error(settings["reject_status"], "invalid_grant", "the refresh token is not valid")

    def _tokens(self, login, settings, commit):
        number = 0
        if commit:
            self.stats["issued"] += 1
            number = self.stats["issued"]
        access = "at-%d-%s" % (number, os.urandom(16).hex())
        refresh = "rt-%d-%s" % (number, os.urandom(16).hex())
        if commit:
            self._add(login, access, refresh, settings["expires_in"])
            self.stats["last_access_token"] = access
        answer = {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": settings["expires_in"],
            "scope": "kimi-code",
            "token_type": "Bearer",
        }
        return Answer.json(200, _edited(answer, settings["token_set"], settings["token_drop"]))

    def _authorized(self, request, endpoint, settings):
        refused = self.refuse_token(request, endpoint, settings)
        if refused:
            return refused
        if endpoint == "usages":
            return Answer.json(200, _usages(settings))
        if endpoint == "me":
            return Answer.json(200, settings["me"])
        if endpoint.endswith("_balance"):
            return Answer.json(200, {"code": 0, "data": settings[endpoint], "scode": "0x0", "status": True})
        return Answer.json(200, {"object": "list", "data": settings[endpoint]})

    def refuse_token(self, request, endpoint, settings):
        scheme, _, key = request.header("authorization").partition(" ")
        login, end = self._access.get(key, (None, 0)) if KEY_PLATFORM[endpoint] == "code" else (None, 0)
        good = login is not None and not login.revoked and time.time() < end
        if scheme != "Bearer" or not (good or key in settings["api_keys"].get(KEY_PLATFORM[endpoint], [])):
            error = {"message": "Invalid Authentication", "type": "invalid_authentication_error"}
            return Answer.json(401, {"error": error})
        return None

    def _page(self, request):
        """The page on which a person approves the login; opening it approves."""
        for code in self._codes.values():
            if code.user_code == request.query.get("user_code"):
                code.approved = True
                return Answer(200, b"<!doctype html><title>Kimi</title><p>This device may log in now.\n", "text/html")
        return Answer(404, b"<!doctype html><title>Kimi</title><p>No such code.\n", "text/html")
