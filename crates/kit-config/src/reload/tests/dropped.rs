//! A load that goes on after its reload was dropped.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use kit_sync::TaskTree;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::LoadError;
use crate::reload::engine::{Engine, Report};
use crate::reload::fake::tree;
use crate::reload::fresh::{Fresh, Loader, Loading, Mark, Watched};
use crate::tree::key::KeyPath;
use crate::tree::node::Node;

/// Its first load waits; each names another file.
struct Waits {
    loads: AtomicUsize,
    begin: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

fn naming(file: &str) -> Fresh<Json> {
    Fresh {
        settings: Json::Null,
        tree: tree("{}"),
        warnings: Vec::new(),
        absent_files: Vec::new(),
        read_files: Vec::new(),
        referred: vec![file.into()],
    }
}

impl Loader<Json> for Waits {
    fn load(&self) -> Loading<'_, Json> {
        Box::pin(async {
            let load = self.loads.fetch_add(1, Ordering::AcqRel);
            if load == 0 {
                self.begin.send(()).expect("the test listens");
                let go = kit_sync::lock(&self.go).recv();
                go.expect("the test lets it go on");
            }
            Ok(naming(&format!("load {load}")))
        })
    }

    fn read(&self, _: &Node) -> Result<Json, LoadError> {
        Ok(Json::Null)
    }

    fn mark(&self, _: &KeyPath) -> Mark {
        Mark::default()
    }

    fn paths(&self) -> Vec<Watched> {
        Vec::new()
    }
}

#[tokio::test]
async fn its_files_are_not_those_of_a_later_one() {
    let (begin, begun) = mpsc::channel();
    let (let_go, go) = mpsc::channel();
    let loader = Waits {
        loads: AtomicUsize::new(0),
        begin,
        go: Mutex::new(go),
    };
    let engine = Arc::new(Engine::new(loader, naming("the start")));
    let tasks = TaskTree::new("test");
    {
        let mut reload = pin!(engine.reload_in(tasks.scope(), Report::AtOnce));
        let is_pending =
            std::future::poll_fn(|context| Poll::Ready(reload.as_mut().poll(context).is_pending()));
        assert!(is_pending.await, "it loads on another thread");
        begun.recv().expect("it begins");
    }
    engine.reload().await.expect("it is well");
    let later = [Watched::File("load 1".into())];
    assert_eq!(engine.paths(), later);
    let_go.send(()).expect("it waits");
    let closed = tasks.close(Instant::now() + Duration::from_secs(30)).await;
    assert_eq!(closed.stuck().count(), 0);
    assert_eq!(engine.paths(), later);
}
