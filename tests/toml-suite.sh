#!/bin/sh
# toml-suite.sh DECODER DIR: runs toml-test's cases in DIR, one line of TAP each.
#
# DECODER reads TOML on standard input. For valid/X.toml its JSON must equal
# valid/X.json (numbers and times by value); every invalid/X.toml must be refused
# with status 1 exactly, nothing on standard output and `line:column: message`
# on standard error. DIR/files-toml-1.0.0 lists the cases; without it, all
# files there are cases. Exit status 1 if any case failed.
set -eu

if [ $# -ne 2 ]; then
	echo "usage: toml-suite.sh DECODER DIR" >&2
	exit 2
fi

exec python3 - "$1" "$2" <<'PYTHON'
import json
import math
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

decoder, folder = sys.argv[1:]
decoder = os.path.abspath(decoder)


def cases():
    listed = os.path.join(folder, "files-toml-1.0.0")
    if os.path.exists(listed):
        with open(listed, encoding="utf-8") as f:
            names = f.read().split("\n")
    else:
        names = [
            os.path.relpath(os.path.join(base, name), folder)
            for base, _, files in os.walk(folder)
            for name in files
        ]
    return sorted(n for n in names if n.endswith(".toml") and n.split("/")[0] in ("valid", "invalid"))


def time_of(text):
    """A time with its fraction as the suite compares it: digits, without zeros at the end."""
    text = text.upper().replace(" ", "T").replace("Z", "+00:00")
    return re.sub(r"\.(\d+?)0*(?=[+-]|$)", lambda m: "" if m[1] == "0" else "." + m[1], text)


def same_value(kind, got, want):
    if kind == "float":
        if "nan" in want.lower():
            return "nan" in got.lower()
        return float(got) == float(want) and math.copysign(1, float(got)) == math.copysign(1, float(want))
    if kind == "integer":
        return int(got) == int(want)
    if kind in ("datetime", "datetime-local", "date-local", "time-local"):
        return time_of(got) == time_of(want)
    return got == want


def difference(got, want, where="the document"):
    """None, or a sentence about the first difference."""
    if isinstance(want, dict) and set(want) == {"type", "value"} and isinstance(want["value"], str):
        if not isinstance(got, dict) or got.get("type") != want["type"]:
            return f"{where}: type differs, {got!r} for {want!r}"
        return None if same_value(want["type"], got["value"], want["value"]) else f"{where}: {got!r} for {want!r}"
    if type(got) is not type(want) or len(got) != len(want):
        return f"{where}: {got!r} for {want!r}"
    keys = want if isinstance(want, dict) else range(len(want))
    for key in keys:
        if isinstance(want, dict) and key not in got:
            return f"{where}: {key!r} is missing"
        found = difference(got[key], want[key], f"{where}.{key}")
        if found:
            return found
    return None


def judge(name):
    """None, or why the case failed."""
    try:
        with open(os.path.join(folder, name), "rb") as f:
            run = subprocess.run([decoder], stdin=f, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = run.stderr.decode("utf-8", "replace").strip()
    if name.startswith("invalid/"):
        if run.returncode != 1:
            return f"exit status {run.returncode}, not 1: {said}"
        if run.stdout or not re.fullmatch(r"[1-9]\d*:[1-9]\d*: [ -~]+", said):
            return f"no error with line and column alone: {said!r}"
        return None
    if run.returncode != 0:
        return f"exit status {run.returncode}: {said}"
    with open(os.path.join(folder, name[:-4] + "json"), encoding="utf-8") as f:
        want = json.load(f)
    try:
        return difference(json.loads(run.stdout), want)
    except ValueError as error:
        return f"the output is not JSON: {error}"


names = cases()
failed = 0
with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
    for number, (name, why) in enumerate(zip(names, pool.map(judge, names)), 1):
        print(f"{'not ok' if why else 'ok'} {number} - {name}")
        if why:
            failed += 1
            print("# " + why.replace("\n", " "))
print(f"1..{len(names)}")
if not names:
    print("# no cases found")
sys.exit(1 if failed or not names else 0)
PYTHON
