"""All catalogues that are read without heavy imports, and the chapters of the documentation that they make."""

from streamer.settings.archive import ARCHIVE
from streamer.settings.computation import COMPUTATION
from streamer.settings.description import Setting
from streamer.settings.document import Chapter
from streamer.settings.evaluation import EVALUATION
from streamer.settings.expression import EXPRESSION
from streamer.settings.file import CONFIGURATION
from streamer.settings.io import FILES, INPUT, OUTPUT, SCREEN, SOUND
from streamer.settings.learned import LEARN
from streamer.settings.music import MUSIC, PARTS, SCALA_FILES
from streamer.settings.recording import RECORDING
from streamer.settings.setup import SETUP
from streamer.settings.tracker import TRACKER
from streamer.settings.training import MACHINE, TRAINING
from streamer.settings.transcribing import TRANSCRIBING
from streamer.settings.tuning import TUNING
from streamer.settings.web import WEB

# What a file of settings may hold: all that the commands take that play.
PLAYING: tuple[Setting, ...] = (
    *TRACKER,
    *MUSIC,
    *PARTS,
    *SCALA_FILES,
    *EXPRESSION,
    *LEARN,
    *INPUT,
    *OUTPUT,
    *SOUND,
    *FILES,
    *SCREEN,
    *TRANSCRIBING,
    *ARCHIVE,
)

CHAPTERS = (
    Chapter(
        title="Tracker",
        intro=(
            "The settings of `streamer live`, `demo` and `transcribe`. `streamer evaluate` takes `preset` and "
            "`eagerness`, and reads the variables of `model` and `detector` where no system is named. A value comes "
            "from the strongest of these layers that gives one: default < preset < file < environment < flag. The file "
            "is described in [A setup that stays](guide/setup.md). An environment variable that is empty counts as not "
            "given."
        ),
        settings=TRACKER,
    ),
    Chapter(
        title="Sound in",
        intro="Where `streamer live` and `record-dataset` get their sound from.",
        settings=INPUT,
    ),
    Chapter(
        title="MIDI out",
        intro=(
            "Where `streamer live` and `demo` send notes. `port`, `virtual` and `no_midi` exclude each other: one that "
            "a stronger layer gives makes the others count as not given."
        ),
        settings=OUTPUT,
    ),
    Chapter(
        title="MIDI expression",
        intro="How `streamer live`, `demo` and `transcribe` make MIDI of notes, for ports and files alike.",
        settings=EXPRESSION,
    ),
    Chapter(
        title="Sound out",
        intro="Whether `streamer live` plays what it sends, and `demo` does not.",
        settings=SOUND,
    ),
    Chapter(
        title="Files",
        intro=(
            "What `streamer live`, `demo` and `transcribe` write. A file named `-` is standard output, but for "
            "the takes that `live` records. A name that says another kind of file is refused, and so is a file that "
            "is read. None has an environment variable. In a file of settings they stand in the table of a command, "
            "such as `[live]`, so that no command writes what is another's."
        ),
        settings=FILES,
    ),
    Chapter(
        title="Recordings",
        intro="What `streamer transcribe` makes of one recording or of many.",
        settings=TRANSCRIBING,
    ),
    Chapter(
        title="Many recordings",
        intro="A run of `streamer transcribe` over many recordings, see [Archives](guide/archives.md).",
        settings=ARCHIVE,
    ),
    Chapter(
        title="Music",
        intro=(
            "Which notes `streamer live`, `demo` and `transcribe` send for those that are played, see "
            "[Keys, zones and harmony](guide/music.md)."
        ),
        settings=(*MUSIC, *PARTS, *SCALA_FILES),
    ),
    Chapter(
        title="MIDI in",
        intro=(
            "MIDI devices that do what the keys of `streamer live` do, see [A setup that stays](guide/setup.md), and a "
            "clock, see [An external clock](guide/music.md#an-external-clock)."
        ),
        settings=LEARN,
    ),
    Chapter(title="Screen", intro="The terminal screen of `streamer live` and `demo`.", settings=SCREEN),
    Chapter(
        title="Where settings are kept",
        intro="Which file `streamer live`, `demo`, `transcribe` and `config` read.",
        settings=CONFIGURATION,
    ),
    Chapter(
        title="Setting up",
        intro="The settings of `streamer setup` and `calibrate`, beside those of the input and of the file.",
        settings=SETUP,
    ),
    Chapter(
        title="Computation",
        intro="How the computation is done, in every command.",
        settings=COMPUTATION,
    ),
    Chapter(
        title="Training",
        intro=(
            "The settings of `streamer train`, in the file that `--config` names. A value comes from the strongest of "
            "these layers that gives one: default < file < flag. A name with a dot stands in a table: `mixture.sung` "
            "is `sung` under `[mixture]`."
        ),
        settings=TRAINING,
    ),
    Chapter(title="This machine", intro="How `streamer train` uses it; no model depends on this.", settings=MACHINE),
    Chapter(title="Tuning", intro="The settings of `streamer tune`.", settings=TUNING),
    Chapter(title="Evaluation", intro="The settings of `streamer evaluate`.", settings=EVALUATION),
    Chapter(
        title="Recording a data set",
        intro="The settings of `streamer record-dataset`, beside those of the input.",
        settings=RECORDING,
    ),
    Chapter(
        title="Web service",
        intro=(
            "The settings of `streamer serve`, beside those of the tracker, which hold for clients that ask for no "
            "others."
        ),
        settings=WEB,
    ),
)
_READ = [setting for chapter in CHAPTERS for setting in chapter.settings if setting.environment]
# Of all commands: each accepts the variables that others read.
ENVIRONMENT: tuple[Setting, ...] = tuple({setting.name: setting for setting in reversed(_READ)}.values())[::-1]
