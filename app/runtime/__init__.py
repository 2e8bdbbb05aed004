"""ONNX Runtime: which one is installed, opening graphs, and the threads that run them.

One graph run uses one thread, and `Workers` holds as many threads as there are cores: on a CPU,
runs side by side give more than threads inside one run, and no result waits at a barrier. Only
language models use several threads in one run; they spin for some microseconds between two
operators, then sleep. numpy's own BLAS threads are not touched here.
"""

from app.runtime.binding import Bindings, Buffer
from app.runtime.copying import Copier
from app.runtime.cores import num_threads, usable_cores
from app.runtime.cuda_graphs import NotRecorded, Recording, RecordingGraph
from app.runtime.distribution import import_onnxruntime
from app.runtime.graph import Arrays, Graph, Interrupt, Interrupted, checked
from app.runtime.hardware import expects_gpu
from app.runtime.opening import check_tensors, open_graph
from app.runtime.selecting import Selection, Selector
from app.runtime.workers import Job, Workers

__all__ = [
    "Arrays",
    "Bindings",
    "Buffer",
    "Copier",
    "Graph",
    "Interrupt",
    "Interrupted",
    "Job",
    "NotRecorded",
    "Recording",
    "RecordingGraph",
    "Selection",
    "Selector",
    "Workers",
    "check_tensors",
    "checked",
    "expects_gpu",
    "import_onnxruntime",
    "num_threads",
    "open_graph",
    "usable_cores",
]
