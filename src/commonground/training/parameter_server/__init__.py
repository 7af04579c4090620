"""The parameter server: workers compute gradients, servers keep the weights and update them (Li et al., OSDI'14; DistBelief, NIPS'12)."""

from commonground.training.parameter_server.client import Worker
from commonground.training.parameter_server.configuration import Options
from commonground.training.parameter_server.downpour import Downpour
from commonground.training.parameter_server.local import ParameterServer
from commonground.training.parameter_server.optimizer import SGD, Adagrad, Adam, Momentum
from commonground.training.parameter_server.sparse_client import SparseWorker

__all__ = ["SGD", "Adagrad", "Adam", "Downpour", "Momentum", "Options", "ParameterServer", "SparseWorker", "Worker"]
