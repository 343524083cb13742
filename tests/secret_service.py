"""A secret service that is not gnome-keyring, for what others do differently.

usage: secret_service.py FILE [--type TYPE] [--ask delete|create] [--slow SECONDS]

FILE holds the items at the start, JSON: [{"service", "username", "secret", "modified"}], found in that order, and after
every change those that are left. --type is the content type of every secret, --ask what wants a prompt (which nobody
ever answers; the first leaves FILE.prompted), --slow how long each search takes. Plain sessions only, as some have it.
"""

import argparse
import json
import time

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/only"
SECRET = "org.freedesktop.Secret."
CHANGES = ("SetSecret", "CreateItem", "Delete")


class Service:
    def __init__(self, options):
        self.options = options
        self.made = 0
        self.items = {}
        with open(options.file, encoding="utf-8") as file:
            for given in json.load(file):
                self.add({"service": given["service"], "username": given["username"]}, given["secret"].encode(),
                         given.get("modified", 1))

    def add(self, attributes, secret, modified=None):
        self.made += 1
        path = f"{COLLECTION}/{self.made}"
        self.items[path] = {"attributes": attributes, "secret": secret, "modified": modified or int(time.time())}
        return path

    def save(self):
        left = [dict(item["attributes"], secret=item["secret"].decode()) for item in self.items.values()]
        with open(self.options.file, "w", encoding="utf-8") as file:
            json.dump(left, file)

    def asks(self, what):
        """The path of a prompt, or "/" where none is needed."""
        return ROOT + "/prompt/never" if self.options.ask == what else "/"

    def find(self, wanted):
        return [path for path, item in self.items.items() if wanted.items() <= item["attributes"].items()]

    def secret_of(self, path, session):
        return (session, b"", self.items[path]["secret"], self.options.type)

    def properties(self, path):
        if path == ROOT:
            return {"Collections": ("ao", [COLLECTION])}
        item = self.items.get(path)
        common = {"Label": ("s", "item"), "Locked": ("b", False), "Created": ("t", 1)}
        if not item:
            return {**common, "Items": ("ao", list(self.items)), "Modified": ("t", 1)}
        return {**common, "Attributes": ("a{ss}", item["attributes"]), "Modified": ("t", item["modified"])}

    def call(self, path, method, body):
        """The answer's signature and body; None: there is no such method."""
        if method == "GetAll":
            return "a{sv}", (self.properties(path),)
        if method == "OpenSession" and body[0] == "plain":
            return "vo", (("s", ""), ROOT + "/session/only")
        if method == "ReadAlias":
            return "o", (COLLECTION,)
        if method == "SearchItems":
            time.sleep(self.options.slow)
            return "aoao", (self.find(body[0]), [])
        if method == "GetSecrets":
            return "a{o(oayays)}", ({one: self.secret_of(one, body[1]) for one in body[0]},)
        if method == "GetSecret":
            return "(oayays)", (self.secret_of(path, body[0]),)
        if method == "SetSecret":
            self.items[path]["secret"] = bytes(body[0][2])
            return "", ()
        if method == "CreateItem":
            if self.options.ask == "create":
                return "oo", ("/", self.asks("create"))
            return "oo", (self.add(body[0][SECRET + "Item.Attributes"][1], bytes(body[1][2])), "/")
        if method == "Delete":
            if self.options.ask != "delete":
                del self.items[path]
            return "o", (self.asks("delete"),)
        if method == "Prompt":
            with open(self.options.file + ".prompted", "w", encoding="utf-8"):
                return "", ()
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--type", default="text/plain")
    parser.add_argument("--ask", choices=("delete", "create"))
    parser.add_argument("--slow", type=float, default=0)
    service = Service(parser.parse_args())
    bus = open_dbus_connection("SESSION")
    bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))
    while True:
        message = bus.receive()
        if message.header.message_type != MessageType.method_call:
            continue
        fields = message.header.fields
        path, method = fields[HeaderFields.path], fields[HeaderFields.member]
        answer = service.call(path, method, message.body)
        if answer is None:
            bus.send(new_error(message, "org.freedesktop.DBus.Error.NotSupported"))
            continue
        if method in CHANGES:
            service.save()
        bus.send(new_method_return(message, answer[0] or None, answer[1]))


main()
