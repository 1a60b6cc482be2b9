//! The memory registry keeps every backend's promises.

use kit_registry::{Discovery, LossReason, Memory, Registrar, ServiceInstance, conformance};

// Some cases wait for seconds.
#[tokio::test(start_paused = true)]
async fn memory_conforms() {
    let memory = Memory::new();
    conformance::run(|scope| memory.open(scope)).await;
}

#[tokio::test(start_paused = true)]
async fn memory_holds_ten_thousand() {
    let memory = Memory::new();
    conformance::crowd(10_000, |scope| memory.open(scope)).await;
}

#[tokio::test]
async fn hold_tells_when_an_instance_is_taken_away_or_changed() {
    let memory = Memory::new();
    let instance = ServiceInstance::builder("1", "n").build().unwrap();
    memory.register(&instance).await.unwrap();
    let changed = instance.to_builder().version("2").build().unwrap();
    let (reason, ()) = tokio::join!(memory.hold(&instance), async {
        memory.register(&changed).await.unwrap();
    });
    assert!(matches!(reason, LossReason::Changed), "{reason}");
    let (reason, ()) = tokio::join!(memory.hold(&changed), async {
        memory.deregister(&changed).await.unwrap();
    });
    assert!(matches!(reason, LossReason::Missing), "{reason}");
}

#[tokio::test]
async fn a_watch_ends_with_the_last_handle() {
    let memory = Memory::new();
    let name = "n".parse().unwrap();
    let mut watch = memory.watch(&name).await.unwrap();
    assert!(watch.next().await.unwrap().instances.is_empty());
    drop(memory);
    assert!(watch.next().await.is_err());
}

#[tokio::test]
async fn it_shows_what_it_holds_for_debugging() {
    let memory = Memory::new();
    for id in ["2", "1"] {
        let instance = ServiceInstance::builder(id, "n").build().unwrap();
        memory.register(&instance).await.unwrap();
    }
    let shown = format!("{memory:?}");
    assert!(shown.ends_with(r#": ["1", "2"]}"#), "{shown}");
}
