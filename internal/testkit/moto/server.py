"""Runs moto's server on a free port and prints the port. It ends when its standard input ends.

moto has no locks: two conditional updates at once may both see the item as it was before. So the
server handles one request at a time, where DynamoDB handles one at a time for each item.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()


def one_at_a_time(environ, start_response):
    with lock:
        return moto(environ, start_response)


server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
