"""The catalogue of the settings of `streamer serve`; those of the tracker are the defaults of its clients."""

from streamer.config import RATES_HZ
from streamer.settings.description import Setting

ADDRESS_GROUP = "Address"
ACCESS_GROUP = "Who may use it"
LIMITS_GROUP = "Limits"

HOST = Setting(
    name="web_host",
    kind="str",
    default="127.0.0.1",
    help="Address to listen on. Beyond this machine, --token is needed.",
    flag="--host",
    environment=True,
    metavar="ADDRESS",
    group=ADDRESS_GROUP,
)
PORT = Setting(
    name="web_port",
    kind="int",
    default=8000,
    help="TCP port to listen on; 0 takes any that is free.",
    low=0,
    high=65_535,
    flag="--port",
    environment=True,
    metavar="N",
    group=ADDRESS_GROUP,
)
PROXY = Setting(
    name="web_proxy",
    kind="str",
    default=(),
    help="Address of a reverse proxy whose X-Forwarded-For is believed; may be given several times.",
    length=(0, 16),
    flag="--proxy",
    repeated=True,
    environment=True,
    metavar="ADDRESS",
    default_text="none is believed",
    group=ADDRESS_GROUP,
)
TOKEN = Setting(
    name="web_token",
    kind="str",
    default="",
    help="What clients must know, 16 characters or more. Better in the environment: others see flags.",
    flag="--token",
    environment=True,
    metavar="TOKEN",
    default_text="none",
    group=ACCESS_GROUP,
)
INSECURE_OPEN = Setting(
    name="web_insecure_open",
    kind="bool",
    default=False,
    help="Beyond this machine, do without a token: whoever reaches the address may use it.",
    flag="--insecure-open",
    environment=True,
    group=ACCESS_GROUP,
)
ORIGIN = Setting(
    name="web_origin",
    kind="str",
    default=(),
    help="Another web site whose pages may use it, such as https://my.site; may be given several times.",
    length=(0, 16),
    flag="--origin",
    repeated=True,
    environment=True,
    metavar="ORIGIN",
    default_text="only its own page",
    group=ACCESS_GROUP,
)
CLIENTS = Setting(
    name="web_clients",
    kind="int",
    default=32,
    help="Live streams at once.",
    low=1,
    high=10_000,
    flag="--max-clients",
    environment=True,
    metavar="N",
    group=LIMITS_GROUP,
)
MAX_RATE = Setting(
    name="web_rate",
    kind="int",
    default=RATES_HZ[1],
    help="Highest sample rate that is taken.",
    low=RATES_HZ[0],
    high=RATES_HZ[1],
    unit="Hz",
    flag="--max-rate",
    environment=True,
    metavar="HZ",
    group=LIMITS_GROUP,
)
IDLE = Setting(
    name="web_idle",
    kind="float",
    default=60.0,
    help="A connection that sends nothing for so long is closed.",
    low=0.5,
    high=86_400.0,
    unit="s",
    flag="--max-idle",
    environment=True,
    metavar="S",
    group=LIMITS_GROUP,
)
GRACE = Setting(
    name="web_grace",
    kind="float",
    default=10.0,
    help="At the end, jobs under way may take so long to be done; then their clients are told.",
    low=0.0,
    high=3_600.0,
    unit="s",
    flag="--grace",
    environment=True,
    metavar="S",
    group=LIMITS_GROUP,
)

WEB = (HOST, PORT, PROXY, TOKEN, INSECURE_OPEN, ORIGIN, CLIENTS, MAX_RATE, IDLE, GRACE)
