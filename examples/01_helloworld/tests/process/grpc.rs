//! The greeting over gRPC, and the services that every gRPC server of Kit's has beside it.

use tokio_stream::once;
use tonic::Code;
use tonic_health::ServingStatus::Serving;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_types::StatusExt;

use crate::support::{Service, channel};

const GREETER: &str = "helloworld.v1.Greeter";

#[tokio::test]
async fn it_greets() {
    let service = Service::start(&[]).await;
    let greeter = service.greeter().await;
    assert_eq!(greeter.hello("kit").await.expect("a reply"), "Hello kit");
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn a_name_over_64_characters_is_an_invalid_argument_with_error_info() {
    let service = Service::start(&[]).await;
    let greeter = service.greeter().await;
    let longest = "x".repeat(64);
    greeter.hello(&longest).await.expect("a reply");

    let status = greeter.hello(&format!("{longest}x")).await;
    let status = status.expect_err("too long");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let info = details.error_info().expect("ErrorInfo");
    assert_eq!(info.reason, "NAME_TOO_LONG");
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn health_is_serving_for_the_server_and_for_the_service_by_name() {
    let service = Service::start(&[]).await;
    let mut health = HealthClient::new(channel(service.grpc).await);
    for name in ["", GREETER] {
        let answer = health.check(health_of(name)).await.expect("an answer");
        assert_eq!(answer.into_inner().status, Serving as i32, "{name}");
        let watch = health.watch(health_of(name)).await.expect("a watch");
        let first = watch.into_inner().message().await.expect("a message");
        assert_eq!(first.expect("one").status, Serving as i32, "{name}");
    }
    let unknown = health.check(health_of("nobody")).await;
    assert_eq!(unknown.expect_err("unknown").code(), Code::NotFound);
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn both_versions_of_reflection_list_the_services() {
    let service = Service::start(&[]).await;
    let channel = channel(service.grpc).await;

    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let request = v1::ServerReflectionRequest {
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
        ..Default::default()
    };
    let stream = client.server_reflection_info(once(request)).await;
    let answer = stream.expect("a stream").into_inner().message().await;
    let answer = answer
        .expect("an answer")
        .and_then(|one| one.message_response);
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) = answer
    else {
        panic!("not a list: {answer:?}");
    };
    let listed: Vec<_> = list.service.into_iter().map(|one| one.name).collect();
    assert_services(&listed);

    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let request = v1alpha::ServerReflectionRequest {
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
        ..Default::default()
    };
    let stream = client.server_reflection_info(once(request)).await;
    let answer = stream.expect("a stream").into_inner().message().await;
    let answer = answer
        .expect("an answer")
        .and_then(|one| one.message_response);
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer
    else {
        panic!("not a list: {answer:?}");
    };
    let listed: Vec<_> = list.service.into_iter().map(|one| one.name).collect();
    assert_services(&listed);
    service.terminate().await.expect(0);
}

fn assert_services(listed: &[String]) {
    for service in [GREETER, "grpc.health.v1.Health"] {
        assert!(listed.iter().any(|one| one == service), "{listed:?}");
    }
}

fn health_of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}
