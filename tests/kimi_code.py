#!/usr/bin/env python3
"""An imitation of kimi-code's refresh lock, with the rules of the released program.

    kimi_code.py HOME SLOT loop|once|crash|stop

loop: until the file `enough` exists, takes the lock again and again and stamps it while it holds it. Under it, refreshes
the login if it is due, and every third time even if it is not. Prints how often. The first time it holds the lock for 3 s,
so that it stamps it.
once: takes the lock, prints "held", and refreshes.
crash: takes the lock, prints "held", and ends at once, as if killed.
stop: takes the lock, prints "held", and stops as in a suspended machine; once continued it goes on as kimi-code does.

Like kimi-code it ends if its lock is gone or was stamped by another process ("touched", status 1). It checks more often
than kimi-code, which would miss what is undone within 2.5 s.
"""

import json
import os
import signal
import sys
import time
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True  # tests leave nothing in the source tree
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "server"))

import ask

STALE_S, UPDATE_S, RETRY_S, ATTEMPTS, LOOK_S = 5, 2.5, 0.5, 121, 0.01
CLIENT_ID = "17e5f671-d194-4dfb-9706-5516cb48c098"


class Lock:
    def __init__(self, home, slot):
        self.sentinel = os.path.join(home, "oauth", slot)
        self.path = self.sentinel + ".lock"
        self.known = None
        self.first = True

    def _make(self):
        try:
            os.mkdir(self.path)
        except FileExistsError:
            return False
        # The first stamp of a process is in the future: it probes the precision of the file system.
        self._stamp(int(time.time()) + 1.005 if self.first else time.time())
        self.first = False
        return True

    def _stamp(self, when):
        os.utime(self.path, (when, when))
        self.known = self._look()
        self.stamped = time.monotonic()

    def _look(self):
        found = os.stat(self.path)
        return found.st_ino, found.st_mtime_ns

    def _try(self):
        if self._make():
            return True
        try:
            if os.stat(self.path).st_mtime >= time.time() - STALE_S:
                return False
            os.rmdir(self.path)
        except FileNotFoundError:
            pass
        return self._make()

    def acquire(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        open(self.sentinel, "a").close()
        for _ in range(ATTEMPTS):
            if self._try():
                return
            time.sleep(RETRY_S)
        sys.exit("no lock in a minute")

    def check(self):
        """Ends the process if the lock was changed; stamps it when the time has come."""
        try:
            if self._look() == self.known:
                if time.monotonic() - self.stamped >= UPDATE_S:
                    self._stamp(time.time())
                return
        except FileNotFoundError:
            pass
        print("touched", flush=True)
        os._exit(1)

    def hold(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(LOOK_S)
            self.check()

    def release(self):
        self.check()
        os.rmdir(self.path)


def refresh(path, record):
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": record["refresh_token"]}
    url = os.environ["KIMI_CODE_OAUTH_HOST"] + "/api/oauth/token"
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), ask.HEADERS)
    answer = json.load(urllib.request.urlopen(request))
    record.update((name, answer[name]) for name in ("access_token", "refresh_token", "scope", "token_type", "expires_in"))
    record["expires_at"] = int(time.time()) + record["expires_in"]
    temporary = "%s.tmp.%d.0badcafe" % (path, os.getpid())
    with open(temporary, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(json.dumps(record, indent=2) + "\n")
    os.rename(temporary, path)


def loop(lock, path):
    holds = refreshed = 0
    while not os.path.exists("enough"):
        lock.acquire()
        if holds == 0:
            print("held", flush=True)
            lock.hold(3)
        with open(path) as file:
            record = json.load(file)
        holds += 1
        if holds % 3 == 0 or record["expires_at"] - int(time.time()) < max(300, record["expires_in"] / 2):
            refresh(path, record)
            refreshed += 1
        lock.hold(0.1)
        lock.release()
        time.sleep(0.2)
    print(refreshed, flush=True)


def main():
    home, slot, what = sys.argv[1:]
    lock = Lock(home, slot)
    path = os.path.join(home, "credentials", slot + ".json")
    if what == "loop":
        loop(lock, path)
        return
    lock.acquire()
    print("held", flush=True)
    if what == "once":
        with open(path) as file:
            refresh(path, json.load(file))
        lock.release()
        return
    if what == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGSTOP)
    lock.check()
    lock.release()


main()
