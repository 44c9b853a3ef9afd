"""How the package is built: imports run one way and never in a ring, only the top prints, and nothing is long."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "streamer"

# From the bottom to the top; what is named together forms one layer, inside which imports are free but never circular.
LAYERS = (
    ("errors", "units"),
    (
        "arrayfile",
        "cluster",
        "control",
        "events",
        "config",
        "interrupts",
        "jobs",
        "latency",
        "reading",
        "settings",
        "status",
        "threads",
    ),
    ("analysis",),
    ("decision",),
    ("model",),
    ("detectors",),
    ("tracker",),
    ("expression",),
    ("music",),
    ("audio", "outputs"),
    ("adjustments", "delivery"),
    ("engine",),
    ("data",),
    ("material",),
    ("calibration", "transcription"),
    ("recordings",),
    ("archive",),
    ("evaluation",),
    ("training",),
    ("live",),
    ("web",),
    ("doctor",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
# Heavy, or absent on some machines: only inside the functions that need them. A back end is itself what is loaded so.
LAZY = {
    "aubio",
    "av",
    "dask",
    "distributed",
    "fsspec",
    "joblib",
    "matplotlib",
    "mir_eval",
    "pandas",
    "partitura",
    "prometheus_client",
    "ray",
    "rtmidi",
    "rtmidi2",
    "sklearn",
    "sounddevice",
    "soundfile",
    "starlette",
    "uvicorn",
    "websockets",
}
BACK_ENDS = {"streamer.outputs.rtmidi2_backend"}
WORKSHOPS = {"material", "evaluation", "training", "web"}  # used by commands only, and imported by those when they run
# Programs of their own, which a process of ours starts and whose words only that process reads.
PROGRAMS = {
    "streamer.audio.capture",
    "streamer.live.guard",
    "streamer.live.screen",
    "streamer.live.screen_process",
    "streamer.outputs.midi_probe",
    "streamer.outputs.sound_process",
}


def module_name(path: Path) -> str:
    parts = ("streamer", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, *, top_only: bool) -> set[str]:
    nodes = ast.iter_child_nodes(tree) if top_only else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute here"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


PATHS = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
MODULES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in PATHS.items()}


def room(module: str) -> str:
    """The name under which a module stands in `LAYERS`; empty for the package itself."""
    return module.removeprefix("streamer").removeprefix(".").partition(".")[0]


@pytest.mark.parametrize("module", [name for name in MODULES if name != "streamer"])
def test_imports_go_downward(module):
    for target in imports(MODULES[module], top_only=False) & MODULES.keys():
        if room(target):
            assert HEIGHT[room(target)] <= HEIGHT[room(module)], f"{module} imports {target}, which stands above it"


def test_no_import_cycles():
    graph = {name: (imports(tree, top_only=True) & MODULES.keys()) - {name} for name, tree in MODULES.items()}
    del graph["streamer"]  # it only re-exports
    for targets in graph.values():
        targets.discard("streamer")
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) not in WORKSHOPS and name not in BACK_ENDS])
def test_heavy_libraries_are_imported_where_they_are_used(module):
    tops = {name.partition(".")[0] for name in imports(MODULES[module], top_only=True)}
    assert not tops & LAZY


SPEAKERS = ("streamer.cli", "streamer.commands", "streamer.__main__")


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith(SPEAKERS) and name not in PROGRAMS])
def test_only_the_command_line_prints_or_exits(module):
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit"), f"{module}, line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert ast.unparse(node.func) != "sys.exit", f"{module}, line {node.lineno}"


MOST_LINES = {"module": 400, "function": 60}
LONGER: dict[str, str] = {}  # module, or module and function with a dot between: the reason why it is longer


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_functions_are_short(module):
    lines = len(PATHS[module].read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES["module"] or module in LONGER, f"{module} has {lines} lines"
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and f"{module}.{node.name}" not in LONGER:
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= MOST_LINES["function"], f"{module}.{node.name} has {length} lines"
