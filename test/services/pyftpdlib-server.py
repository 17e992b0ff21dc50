"""pyftpdlib as the tests start it: one argument, a JSON object; SIGUSR1 ends all sessions."""

import json
import logging
import signal
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

settings = json.loads(sys.argv[1])
logging.basicConfig(level=logging.INFO)

if settings.get("certificate"):
    from pyftpdlib.handlers import TLS_FTPHandler as Handler

    Handler.certfile = settings["certificate"]
else:
    Handler = FTPHandler

authorizer = DummyAuthorizer()
authorizer.add_user(settings["user"], settings["password"], settings["root"], perm="elradfmwMT")
Handler.authorizer = authorizer
Handler.auth_failed_timeout = 0
Handler.timeout = 3600
Handler.use_gmt_times = settings["gmt"]

server = FTPServer((settings["host"], settings["port"]), Handler)
server.max_cons = settings["maxSessions"]


def end_sessions(_signal, _frame):
    for channel in list(server.ioloop.socket_map.values()):
        if isinstance(channel, FTPHandler):
            server.ioloop.call_later(0, channel.close)


signal.signal(signal.SIGUSR1, end_sessions)
server.serve_forever(timeout=0.2)
