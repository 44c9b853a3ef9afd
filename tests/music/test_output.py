"""Outputs with settings of their own."""

import pytest

from streamer.errors import ConfigError
from streamer.music.config import MusicConfig
from streamer.music.output import parse_output
from streamer.outputs.midiform import MidiForm
from tests.music.test_arrangement import played

READ = {
    "FluidSynth": ("FluidSynth", {}),
    "Midi Through, port 0": ("Midi Through, port 0", {}),
    "virtual:bass,channel=2,octave=-1": ("virtual:bass", {"channel": 2, "octave": -1}),
    "A,b,low=E2,scale=C,D,E,harmony=3,5": ("A,b", {"low": 40, "scale": "C,D,E", "harmony": (3, 5)}),
    "127.0.0.1:9000,transpose=-12": ("127.0.0.1:9000", {"transpose": -12}),
    "A,bend=smooth": ("A", {"bend": "smooth"}),
}


@pytest.mark.parametrize("text", READ)
def test_an_output_is_read_as_it_is_written(text):
    output = parse_output(text)
    assert (output.name, output.values) == READ[text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no name"),
        ("virtual:,channel=2", "has no name"),
        ("channel=2", "has no name"),
        ("A,chanel=2", r"cannot have 'chanel' \(did you mean channel\?\)"),
        ("A,channel=0x", "channel of the output 'A' cannot be '0x'"),
        ("A,transpose=99", "transpose of the output 'A' is 99"),
        ("A,harmony=3", "needs a key"),
        ("A,scale=H", "begin with its tonic"),
        ("A,bend=wild", "there is no bend 'wild'"),
        ("A,low=C5,high=C4", "goes down from C5"),
        ("A,mpe=lower,high=C4", "a channel for each note"),
    ],
)
def test_what_cannot_be_an_output_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        MidiForm().special([text], MusicConfig())


SPLIT = MusicConfig(scale="C major", zones=("-B3:channel=3", "C4-:channel=4"))
PLAYED = {  # of B3 and C4
    "A": [(3, 59), (4, 60)],
    "A,transpose=1": [(3, 60), (4, 61)],
    "A,transpose=1,scale=C major": [(3, 60), (4, 60)],
    "A,channel=9": [(9, 59), (9, 60)],
    "A,low=C4,octave=1": [(1, 72)],
    "A,channel=2,high=B3,harmony=3": [(2, 59), (2, 62)],
    "A,scale=C D,lock=drop,channel=1": [(1, 60)],
}


@pytest.mark.parametrize("text", PLAYED)
def test_each_output_plays_by_its_own_settings(text):
    ((_, form),) = MidiForm(part=SPLIT.part()).special([text], SPLIT)
    assert [*played(form.part, 59), *played(form.part, 60)] == PLAYED[text]


def test_expression_is_an_output_s_own():
    (_, plain), (_, bent) = MidiForm().special(["A", "A,bend=smooth,bend_range=12"], MusicConfig())
    assert plain.expression == MidiForm().expression
    assert (bent.expression.bend, bent.expression.bend_range) == ("smooth", 12)
    assert bent.encoder(8000).bend_range == 12
