//! A gRPC method that answers with as many bytes as it is asked for.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

pub(crate) const PATH: &str = "/handover.Answers/Get";
/// The largest answer.
pub(crate) const BIG: usize = 1 << 20;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Ask {
    #[prost(uint32, tag = "1")]
    pub(crate) length: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Answer {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) bytes: Bytes,
}

#[derive(Clone)]
pub(crate) struct Answers(Bytes);

impl Answers {
    pub(crate) fn new() -> Answers {
        Answers(Bytes::from(vec![b'x'; BIG]))
    }
}

impl NamedService for Answers {
    const NAME: &'static str = "handover.Answers";
}

impl Service<http::Request<Body>> for Answers {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answers = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(grpc.unary(answers, request).await)
        })
    }
}

impl UnaryService<Ask> for Answers {
    type Response = Answer;
    type Future = Ready<Result<Response<Answer>, Status>>;

    fn call(&mut self, request: Request<Ask>) -> Self::Future {
        let length = request.get_ref().length as usize;
        let answer = (length <= BIG).then(|| Answer {
            bytes: self.0.slice(..length),
        });
        ready(
            answer
                .map(Response::new)
                .ok_or_else(|| Status::out_of_range(format!("length {length} is more than {BIG}"))),
        )
    }
}
