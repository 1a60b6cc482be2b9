"""helloworld through Python's grpcio: ADDRESS [CERTIFICATE].

Its messages are known from the server's own reflection.
"""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICE = "helloworld.v1.Greeter"
PATIENCE = 20


def open_channel(address, certificate=None):
    if certificate is None:
        return grpc.insecure_channel(address)
    with open(certificate, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(address, credentials)


with open_channel(*sys.argv[1:]) as channel:
    reflection = ProtoReflectionDescriptorDatabase(channel)
    assert SERVICE in reflection.get_services()
    method = DescriptorPool(reflection).FindServiceByName(SERVICE).methods_by_name["SayHello"]
    request, reply = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    say_hello = channel.unary_unary(
        f"/{SERVICE}/SayHello",
        request_serializer=request.SerializeToString,
        response_deserializer=reply.FromString,
    )

    assert say_hello(request(name="kit"), timeout=PATIENCE).message == "Hello kit"

    try:
        say_hello(request(name="kit", delay="60s"), timeout=0.2)
        raise AssertionError("a call outlived its deadline")
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED, error

    health = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    for name in ["", SERVICE]:
        about = health_pb2.HealthCheckRequest(service=name)
        assert health.Check(about, timeout=PATIENCE).status == serving, name
        watch = health.Watch(about, timeout=PATIENCE)
        assert next(watch).status == serving, name
        watch.cancel()
