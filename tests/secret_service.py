"""A secret service that behaves unlike gnome-keyring, as others do.

usage: secret_service.py FILE [--type TYPE] [--ask delete|create] [--alone] [--slow SECONDS]

FILE has the initial items as JSON, [{"service", "username", "secret", "modified"}], which are found in that order; after
every change it has the current ones. --type is the content type of every secret, --slow how long each search takes. --ask
says what needs a prompt: nobody answers it, unless --alone says that it completes by itself, as KeePassXC's do if there
is nothing to confirm. FILE.prompts gets a line for each Prompt and Dismiss. Only plain sessions, as in some services.
"""

import argparse
import json
import time

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/only"
SECRET = "org.freedesktop.Secret."
PROMPT = ROOT + "/prompt/only"
CHANGES = ("SetSecret", "CreateItem", "Delete")


class Service:
    def __init__(self, options):
        self.options = options
        self.made = 0
        self.pending = None
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

    def asks(self, what, action):
        """The result of the action and "/", or no result yet and the path of the prompt that comes first."""
        if self.options.ask != what:
            return action(), "/"
        self.pending = action
        return "/", PROMPT

    def prompt(self, method):
        """The result of the prompt; None: it goes on."""
        with open(self.options.file + ".prompts", "a", encoding="utf-8") as file:
            file.write(method + "\n")
        return self.pending() if method == "Prompt" and self.options.alone else None

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
        """The reply's signature and body; None: there is no such method."""
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
            attributes, secret = body[0][SECRET + "Item.Attributes"][1], bytes(body[1][2])
            return "oo", self.asks("create", lambda: self.add(attributes, secret))
        if method == "Delete":
            return "o", self.asks("delete", lambda: self.items.pop(path) and "/")[1:]
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--type", default="text/plain")
    parser.add_argument("--ask", choices=("delete", "create"))
    parser.add_argument("--alone", action="store_true")
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
        if path == PROMPT and method in ("Prompt", "Dismiss"):
            told = service.prompt(method)
            bus.send(new_method_return(message))
            if told:
                service.save()
                completed = (False, ("o" if told != "/" else "s", told))
                bus.send(new_signal(DBusAddress(PROMPT, interface=SECRET + "Prompt"), "Completed", "bv", completed))
            continue
        answer = service.call(path, method, message.body)
        if answer is None:
            bus.send(new_error(message, "org.freedesktop.DBus.Error.NotSupported"))
            continue
        if method in CHANGES:
            service.save()
        bus.send(new_method_return(message, answer[0] or None, answer[1]))


main()
