from __future__ import annotations

import contextlib
import io
import os
import threading

from app.telemetry.writer import LineWriter


def test_lines_come_in_order() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    for number in range(100):
        writer.write(str(number))
    writer.close()

    assert stream.getvalue().split() == [str(number) for number in range(100)]
    assert writer.num_dropped == 0


def test_a_pipe_that_nobody_reads_never_blocks() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as stream:
        writer = LineWriter(stream, max_lines=10)
        for _ in range(100):
            writer.write("x" * 10_000)
        assert writer.num_dropped > 0

        reader_thread = threading.Thread(target=reader.read, args=(2_000_000,), daemon=True)
        reader_thread.start()
        writer.close(timeout_s=10)
        stream.close()
        reader_thread.join(10)


def test_a_closed_pipe_is_counted_and_survived() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    writer = LineWriter(stream)
    writer.write("lost")
    writer.write("lost too")
    writer.close(timeout_s=10)

    assert writer.num_dropped >= 1
    os.close(stream.fileno())
    with contextlib.suppress(OSError):
        stream.close()
