//! A watch of etcd: one stream of requests and one of responses.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::metadata::MetadataValue;

use super::client::{Client, MAX_MESSAGE};
use super::cluster::Via;
use super::proto::etcdserverpb::watch_client::WatchClient;
use super::proto::etcdserverpb::watch_request::RequestUnion;
use super::proto::etcdserverpb::{
    WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
};
use crate::Error;

/// A watch, and the connection that it is on. It ends when this is dropped.
pub(super) struct WatchStream {
    requests: mpsc::Sender<WatchRequest>,
    pub(super) responses: Streaming<WatchResponse>,
    pub(super) via: Via,
}

impl WatchStream {
    pub(super) async fn open(
        client: &Client,
        attempt: &str,
        create: WatchCreateRequest,
    ) -> Result<WatchStream, Error> {
        let create = request(RequestUnion::CreateRequest(create));
        let opened = client.open(attempt, |service| {
            let create = create.clone();
            async move {
                let (sender, requests) = mpsc::channel(2);
                // The server answers the first request before it opens the stream.
                let _ = sender.try_send(create);
                let mut requests = tonic::Request::new(ReceiverStream::new(requests));
                // A node that has lost its leader refuses, where it would be silent otherwise.
                let hasleader = MetadataValue::from_static("true");
                requests.metadata_mut().insert("hasleader", hasleader);
                let mut client = WatchClient::new(service).max_decoding_message_size(MAX_MESSAGE);
                Ok((sender, client.watch(requests).await?.into_inner()))
            }
        });
        let ((requests, responses), via) = opened.await?;
        Ok(WatchStream {
            requests,
            responses,
            via,
        })
    }

    /// Asks the server for its progress; `false` when it has not read the last request yet.
    pub(super) fn ask_progress(&self) -> bool {
        let progress = request(RequestUnion::ProgressRequest(WatchProgressRequest {}));
        self.requests.try_send(progress).is_ok()
    }
}

fn request(union: RequestUnion) -> WatchRequest {
    WatchRequest {
        request_union: Some(union),
    }
}
