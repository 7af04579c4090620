"""Secure aggregation: the server learns the sum of the clients' vectors and nothing else about them.

Bonawitz et al., "Practical Secure Aggregation for Privacy-Preserving Machine Learning", CCS 2017, in its variant for an
*honest but curious* server: one that reads everything and follows the protocol. A server that lies about who is still
there, or invents clients, is not defended against.
"""

from commonground.training.federated.secure_aggregation.client import Client
from commonground.training.federated.secure_aggregation.quantisation import Quantisation
from commonground.training.federated.secure_aggregation.server import Server, threshold_of

__all__ = ["Client", "Quantisation", "Server", "threshold_of"]
