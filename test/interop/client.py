"""A caller in Python, with the client that grpcio-tools makes of proto/. Prints one line a step."""

import sys
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from auth.v1 import auth_service_pb2 as auth
from auth.v1 import auth_service_pb2_grpc, error_reason_pb2


def reason_of(error):
    for detail in rpc_status.from_call(error).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info


def main(address):
    channel = grpc.insecure_channel(address)
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    print("health", health_pb2.HealthCheckResponse.ServingStatus.Name(health.status))

    service = auth_service_pb2_grpc.AuthServiceStub(channel)
    person = auth.RegisterRequest(
        second_login=f"py-{uuid.uuid4().hex[:12]}",
        phone=f"+7999{uuid.uuid4().int % 10**7:07d}",
        password="correct horse battery",
        interface="customer",
    )
    person.profile.update({"from": "python", "nested": {"numbers": [1, 2.5]}})
    registered = service.Register(person)
    print("registered", *registered.roles)
    try:
        service.Register(person)
    except grpc.RpcError as error:
        info = reason_of(error)
        print("again", error.code().name, info.reason, info.metadata["contact_type"])

    validated = service.ValidateToken(auth.ValidateTokenRequest(access_token=registered.tokens.access_token))
    assert validated.principal.user_id == registered.user_id
    print("validated", validated.WhichOneof("result"))

    refreshed = service.Refresh(auth.RefreshRequest(refresh_token=registered.tokens.refresh_token))
    print("refreshed", auth.RefreshOutcome.Name(refreshed.outcome).removeprefix("REFRESH_OUTCOME_"))

    access_token = refreshed.tokens.access_token
    logged_out = service.Logout(auth.LogoutRequest(), metadata=[("authorization", f"Bearer {access_token}")])
    print("logged out", logged_out.ended_sessions)

    problem = service.ValidateToken(auth.ValidateTokenRequest(access_token=access_token)).problem
    print("validated", error_reason_pb2.ErrorReason.Name(problem.reason).removeprefix("ERROR_REASON_"))


main(sys.argv[1])
