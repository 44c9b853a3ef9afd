"""``streamer serve``: the page, and the service behind it."""

import signal

from streamer.commands.options import Given, takes_settings
from streamer.settings.expression import EXPRESSION
from streamer.settings.music import MUSIC
from streamer.settings.tracker import TRACKER
from streamer.settings.web import WEB

_LIBRARIES = ("starlette", "uvicorn", "websockets", "prometheus_client", "python_multipart")
_BENDING = tuple(setting for setting in EXPRESSION if setting.name in ("bend", "bend_range"))


@takes_settings(WEB, _BENDING, MUSIC, TRACKER)
def serve(*, given: Given) -> int:
    """Serve a page that shows and plays what is sung into it, and an interface for other programs.

    Only this machine reaches it, unless --host says otherwise; then a token is needed. The settings of the tracker and
    of music are those of clients that ask for no others.

    **Examples**

    * `streamer serve`
    * `STREAMER_WEB_TOKEN=$(openssl rand -hex 16) streamer serve --host 0.0.0.0`
    """
    from streamer.errors import require_extra

    for library in _LIBRARIES:
        require_extra(library, "streamer serve")
    from streamer.commands.wiring import notify
    from streamer.web.app import Service
    from streamer.web.config import server_config
    from streamer.web.logs import log_to
    from streamer.web.server import listen, run

    config = server_config(given)
    service = Service(config)  # refuses what cannot work before anything is opened
    listener = listen(config)
    host, port = listener.getsockname()[:2]
    log_to()
    shown = f"[{host}]" if ":" in host else host
    try:
        run(service, listener, lambda: notify(f"serving http://{shown}:{port}/; Ctrl-C ends"))
    except KeyboardInterrupt:  # all is ended by now
        return 128 + signal.SIGINT
    return 0
