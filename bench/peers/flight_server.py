"""A parameter server over Arrow Flight: a worker's step is one DoExchange, a record batch up and one down.

PARAMETERS WORKERS STEPS: steps a second of the slowest worker. The server waits for all workers, as a synchronous one does.
"""

import multiprocessing
import sys
import threading

import numpy as np
import pyarrow as pa
import pyarrow.flight as flight
from timing import median_seconds

RATE = np.float32(0.1)
SCHEMA = pa.schema([("values", pa.float32())])
SPAWN = multiprocessing.get_context("spawn")


class Server(flight.FlightServerBase):
    def __init__(self, parameters: int, workers: int) -> None:
        super().__init__("grpc://127.0.0.1:0")
        self.weights = np.ones(parameters, np.float32)
        self.gradients: list[np.ndarray] = []
        self.lock = threading.Lock()
        self.barrier = threading.Barrier(workers, self.apply)

    def apply(self) -> None:
        for gradient in self.gradients:
            self.weights -= RATE * gradient
        self.gradients.clear()

    def do_exchange(self, context, descriptor, reader, writer) -> None:  # type: ignore[no-untyped-def]
        writer.begin(SCHEMA)
        for chunk in reader:
            with self.lock:
                self.gradients.append(chunk.data.column(0).to_numpy())
            self.barrier.wait()
            writer.write_batch(pa.record_batch([pa.array(self.weights)], schema=SCHEMA))


def main() -> None:
    parameters, workers, steps = map(int, sys.argv[1:])
    address, seconds = SPAWN.SimpleQueue(), SPAWN.SimpleQueue()
    server = SPAWN.Process(target=serve, args=(parameters, workers, address))
    server.start()
    port = address.get()
    running = [SPAWN.Process(target=work, args=(port, parameters, steps, seconds)) for _ in range(workers)]
    for process in running:
        process.start()
    print(1 / max(seconds.get() for _ in running))
    for process in running:
        process.join()
    server.kill()


def serve(parameters: int, workers: int, address) -> None:  # type: ignore[no-untyped-def]
    server = Server(parameters, workers)
    address.put(server.port)
    server.serve()


def work(port: int, parameters: int, steps: int, seconds) -> None:  # type: ignore[no-untyped-def]
    weights, gradient = np.ones(parameters, np.float32), np.empty(parameters, np.float32)
    writer, reader = flight.connect(f"grpc://127.0.0.1:{port}").do_exchange(flight.FlightDescriptor.for_path("w"))
    writer.begin(SCHEMA)

    def step() -> None:
        nonlocal weights
        np.multiply(weights, RATE, out=gradient)
        writer.write_batch(pa.record_batch([pa.array(gradient)], schema=SCHEMA))
        weights = reader.read_chunk().data.column(0).to_numpy()

    seconds.put(median_seconds(step, steps))
    writer.close()


if __name__ == "__main__":
    main()
