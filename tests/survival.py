"""Kills programs and makes their system calls fail; the stored login has to survive. For survival.bats.

    survival.py kill COUNT SEED     that many kills at random moments of refresh and login, while the server is slow
    survival.py fail refresh|login  makes each call on the disk fail once, or it and all later ones, or kills the program there

Uses several homes in parallel, each with its own login, with the server at $KIMI_CODE_OAUTH_HOST, whose directory is
$KIMI_TEST_SERVER_DIR. Prints what it did; the first failure ends it with status 1.
"""

import errno
import fcntl
import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.request

BIN = os.environ["KIMI_TEST_BIN"]
HOOK = os.path.join(os.path.dirname(BIN), "tests", "hook.so")
SERVER_DIR = os.environ["KIMI_TEST_SERVER_DIR"]
BASE_URL = os.environ["KIMI_CODE_BASE_URL"]
SCRATCH = os.environ["BATS_TEST_TMPDIR"]
CALLS = ["open", "write", "fsync", "ftruncate", "fallocate", "fchmod", "rename", "link", "unlink", "mkdir"]
KILL = 0  # tests/hook.c
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
numbers = itertools.count()


class Broken(Exception):
    """A requirement was violated."""


class Home:
    """A home with a login, and what may happen to it."""

    def __init__(self, name):
        self.folder = os.path.join(SCRATCH, "home." + name)
        self.share = os.path.join(self.folder, ".kimi")
        self.credentials = os.path.join(self.share, "credentials")
        self.login = os.path.join(self.credentials, "kimi-code.json")
        self.config = os.path.join(self.share, "config.toml")
        self.log = os.path.join(SCRATCH, name + ".failed")
        os.makedirs(self.credentials, 0o700)
        self.device = "%032x" % next(numbers)  # identifies this home in the server's log
        self.seen = 0
        with open(os.path.join(self.share, "device_id"), "w") as file:
            file.write(self.device)
        self.before = self.whole_config = None
        self.life = {"refresh": 0.1, "login": 0.3}  # seconds, to begin with

    def give_login(self):
        """A login that is due, and that the server knows."""
        n = next(numbers)
        login = {"access_token": "at-old-%d" % n, "refresh_token": "rt-old-%d" % n, "expires_in": 900}
        with open(os.path.join(SERVER_DIR, "seed.jsonl"), "a") as file:
            file.write(json.dumps(login) + "\n")
        login.update(expires_at=time.time() + 100.5, scope="kimi-code", token_type="Bearer")
        self.before = json.dumps(login).encode()
        fd = os.open(self.login + ".given", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(fd, self.before)
        os.close(fd)
        os.rename(self.login + ".given", self.login)

    def take_login(self):
        """No login at all."""
        self.before = None
        for path in (self.login, self.config):
            if os.path.exists(path):
                os.remove(path)

    def start(self, words, fail=None):
        env = {**os.environ, "HOME": self.folder}
        env.update(LD_PRELOAD=HOOK, ASAN_OPTIONS="verify_asan_link_order=0:exitcode=99", KIMI_TEST_SPEED="6")
        if fail:
            env.update(KIMI_TEST_FAIL=fail, KIMI_TEST_FAIL_LOG=self.log)
        return subprocess.Popen([os.path.join(BIN, "kimi-" + words[0]), *words[1:]], env=env, cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def run(self, words, fail=None):
        child = self.start(words, fail)
        out, err = child.communicate(timeout=60)
        return child.returncode, err.decode()

    def failed(self):
        """The calls that were made to fail since the last time."""
        try:
            with open(self.log) as file:
                lines = file.read().splitlines()
            os.remove(self.log)
            return lines
        except FileNotFoundError:
            return []

    def has_exchanged(self):
        """Whether this home has asked the server for a token since the last time."""
        with open(os.path.join(SERVER_DIR, "requests.jsonl"), "rb") as file:
            file.seek(self.seen)
            lines = file.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self.seen += sum(map(len, lines))
        asked = (b'{"endpoint": "refresh"', b'{"endpoint": "poll"')
        return any(line.startswith(asked) and self.device.encode() in line for line in lines)

    def state(self, must_live=True):
        """old, new or none: what is stored. Anything else is Broken."""
        try:
            with open(self.login, "rb") as file:
                stored = file.read()
        except FileNotFoundError:
            if self.before is not None:
                raise Broken("the login is gone")
            return "none"
        if stored == self.before:
            return "old"
        try:
            login = json.loads(stored)
            number = re.fullmatch(r"at-(\d+)-\w+", login["access_token"]).group(1)
            if not login["refresh_token"].startswith("rt-%s-" % number) or os.stat(self.login).st_mode & 0o77:
                raise ValueError
        except (ValueError, KeyError, AttributeError):
            raise Broken("neither the old login nor a new one: %r" % stored) from None
        if must_live and not is_alive(login["access_token"]):
            raise Broken("a login that the server does not know: %r" % stored)
        return "new"

    def check_config(self):
        """The file does not exist yet, or is complete."""
        if not os.path.exists(self.config):
            return
        with open(self.config, "rb") as file:
            config = file.read()
        if config != self.whole_config:
            raise Broken("half a config: %r" % config)

    def check_lock(self):
        fd = os.open(os.path.join(self.credentials, "kimi-code.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Broken("the lock is held") from None
        finally:
            os.close(fd)

    def leftovers(self):
        names = [name for _, _, names in os.walk(self.folder) for name in names]
        return [name for name in names if re.fullmatch(r"\..*\.kimi-[0-9a-f]{12}", name)]

    def check_next_writer(self, words, rejected_is_fine):
        """Whatever came before: the next command works, and removes leftovers. With rejected_is_fine its token may be
        spent, because the request of the killed command can reach the server after its own."""
        status, err = self.run(words)
        if status != 0 and not (status == 4 and rejected_is_fine):
            raise Broken("the next writer failed with %d: %s" % (status, err))
        self.state(must_live=not rejected_is_fine)
        self.check_lock()
        if self.leftovers():
            raise Broken("not swept: %s" % self.leftovers())


def is_alive(access_token):
    request = urllib.request.Request(BASE_URL + "/models", headers={"Authorization": "Bearer " + access_token})
    try:
        return OPENER.open(request).status == 200
    except urllib.error.HTTPError:
        return False


class Crew:
    """Workers, each with its own home, that take jobs from a list until one finds a failure."""

    def __init__(self, work, jobs, hands=6):
        self.work, self.jobs, self.lock = work, iter(jobs), threading.Lock()
        self.counts, self.trouble = {}, None
        self.threads = [threading.Thread(target=self.worker, args=(str(i),)) for i in range(hands)]

    def worker(self, name):
        home = Home(name)
        while not self.trouble:
            with self.lock:
                job = next(self.jobs, None)
            if job is None:
                return
            try:
                for outcome in self.work(home, job):
                    with self.lock:
                        self.counts[outcome] = self.counts.get(outcome, 0) + 1
            except (Broken, OSError, subprocess.TimeoutExpired) as error:
                self.trouble = "%s: %s" % (job, error)

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        for outcome, count in sorted(self.counts.items()):
            print("%5d %s" % (count, outcome))
        if self.trouble:
            sys.exit("BROKEN: " + self.trouble)


REFRESH, LOGIN = ["refresh", "--force"], ["login", "--force"]


def prepare(home, command, fresh):
    """The state before a run: a login, or none for the login of a new home."""
    if command is LOGIN and home.whole_config is None:
        status, err = home.run(LOGIN)
        if status:
            raise Broken("a login by itself failed: " + err)
        with open(home.config, "rb") as file:
            home.whole_config = file.read()
    if fresh:
        home.take_login()
    else:
        home.give_login()


def kill(home, job):
    """Kill a command at a moment of its run."""
    command, fresh, moment = job
    prepare(home, command, fresh)
    start = time.monotonic()
    child = home.start(command)
    while time.monotonic() - start < moment * home.life[command[0]]:
        if child.poll() is not None:
            break
        time.sleep(0.0005)
    child.kill()
    child.communicate()
    died = child.returncode < 0
    if not died:
        home.life[command[0]] = 1.1 * (time.monotonic() - start)  # how long a complete run takes on this machine
    state = home.state()
    home.check_lock()
    if command is LOGIN:
        home.check_config()
    left = "leftovers" if home.leftovers() else "nothing left"
    home.check_next_writer(command, command is REFRESH and state == "old")
    yield "%-7s %-6s %-14s login: %s" % (command[0], "killed" if died else "ended", left, state)


def kill_jobs(count, dice):
    for n in range(count):
        command = LOGIN if n % 2 else REFRESH
        yield command, command is LOGIN and dice.random() < 0.5, dice.random()


def fail(home, job):
    """Let each call of a kind fail in turn, or it and all later ones, or kill the command there."""
    for n in itertools.count(1):
        outcome = fail_once(home, job, n)
        if not outcome:
            return
        yield outcome


def fail_once(home, job, n):
    command, fresh, call, later, error = job
    prepare(home, command, fresh)
    home.has_exchanged()
    status, err = home.run(command, "%s:%d%s:%d" % (call, n, later, error))
    happened = home.failed()
    if not happened:
        return None  # it makes fewer calls
    spent = home.has_exchanged()
    state = home.state()
    home.check_lock()
    if command is LOGIN:
        home.check_config()
    if error == KILL:
        return finish(home, job, state, "killed", command is REFRESH and state == "old")
    if status not in (0, 1, 75) or (status and not re.fullmatch("kimi %s: .+" % command[0], (err.splitlines() or [""])[-1])):
        raise Broken("%s: ended with %d and said: %s" % (happened, status, err))
    if command is REFRESH and spent and state != "new" and not later:
        raise Broken("%s: one failure has cost the login: %s" % (happened, err))
    if status == 0 and not (spent and state == "new"):
        raise Broken("%s: a success without a new login: %s" % (happened, err))
    return finish(home, job, state, "status %d" % status, spent and state == "old")


def finish(home, job, state, end, rejected_is_fine):
    command, _, call, later, error = job
    home.check_next_writer(command, rejected_is_fine)
    how = "SIGKILL" if error == KILL else errno.errorcode[error] + (" from there on" if later else " once")
    return "%-7s %-9s %-20s %-9s login: %s" % (command[0], call, how, end, state)


def fail_jobs(command):
    for call in CALLS:
        for fresh in [False] if command is REFRESH else [False, True]:
            for later, error in ("", errno.EIO), ("+", errno.ENOSPC), ("+", errno.EDQUOT), ("", KILL):
                if error == errno.EDQUOT and command is LOGIN:
                    continue  # is handled like ENOSPC, and a login takes long
                yield command, fresh, call, later, error


def main():
    words = sys.argv[1:]
    if words[0] == "kill":
        print("%s kills, seed %s" % tuple(words[1:]))
        Crew(kill, kill_jobs(int(words[1]), random.Random(words[2]))).run()
    else:
        Crew(fail, fail_jobs({"refresh": REFRESH, "login": LOGIN}[words[1]])).run()


main()
