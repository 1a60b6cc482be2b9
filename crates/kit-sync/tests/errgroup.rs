//! What Go's own tests say of an errgroup, said of ours.
//!
//! Two things differ, and are asserted as they are here: `wait` takes the error, so a later `wait`
//! gives only the error of later tasks, and a group that ended without an error does not cancel its
//! token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_sync::{BoundedGroup, Cause, Group, StopToken};
use tokio::sync::{Semaphore, mpsc};

/// What both kinds of group can do.
trait Errgroup {
    fn of_limit(limit: usize) -> Self;
    async fn go(&self, task: impl Future<Output = Result<(), &'static str>> + Send + 'static);
    async fn wait(&mut self) -> Result<(), &'static str>;
    fn token(&self) -> &StopToken;
}

impl Errgroup for Group<&'static str> {
    fn of_limit(_none: usize) -> Self {
        Group::new()
    }
    async fn go(&self, task: impl Future<Output = Result<(), &'static str>> + Send + 'static) {
        self.spawn(task);
    }
    async fn wait(&mut self) -> Result<(), &'static str> {
        Group::wait(self).await
    }
    fn token(&self) -> &StopToken {
        Group::token(self)
    }
}

impl Errgroup for BoundedGroup<&'static str> {
    fn of_limit(limit: usize) -> Self {
        Group::bounded(limit)
    }
    async fn go(&self, task: impl Future<Output = Result<(), &'static str>> + Send + 'static) {
        self.spawn(task).await;
    }
    async fn wait(&mut self) -> Result<(), &'static str> {
        BoundedGroup::wait(self).await
    }
    fn token(&self) -> &StopToken {
        BoundedGroup::token(self)
    }
}

const SERIES: [&[Result<(), &str>]; 5] = [
    &[],
    &[Ok(())],
    &[Err("1")],
    &[Err("1"), Ok(())],
    &[Err("1"), Ok(()), Err("2")],
];

async fn gives_the_error_of_each_task_when_waited_for_after_each<G: Errgroup>() {
    for results in SERIES {
        let mut group = G::of_limit(1);
        for &result in results {
            group.go(async move { result }).await;
            assert_eq!(group.wait().await, result);
        }
        assert_eq!(group.wait().await, Ok(()), "given once");
    }
}

#[tokio::test]
async fn a_group_waited_for_after_each_task_tells_of_each() {
    gives_the_error_of_each_task_when_waited_for_after_each::<Group<_>>().await;
    gives_the_error_of_each_task_when_waited_for_after_each::<BoundedGroup<_>>().await;
}

async fn gives_the_first_error_when_waited_for_once<G: Errgroup>() {
    for results in SERIES {
        // One at a time, so that the first to be spawned is the first to fail.
        let mut group = G::of_limit(1);
        for &result in results {
            group.go(async move { result }).await;
        }
        let first = results.iter().find(|result| result.is_err());
        assert_eq!(group.wait().await, first.copied().unwrap_or(Ok(())));
    }
}

#[tokio::test]
async fn a_group_waited_for_once_gives_the_first_error() {
    gives_the_first_error_when_waited_for_once::<Group<_>>().await;
    gives_the_first_error_when_waited_for_once::<BoundedGroup<_>>().await;
}

async fn cancels_its_token_with_the_cause<G: Errgroup>() {
    for results in SERIES {
        let mut group = G::of_limit(1);
        let token = group.token().clone();
        for &result in results {
            group.go(async move { result }).await;
        }
        let failed = group.wait().await.is_err();
        assert_eq!(token.is_cancelled(), failed, "only an error cancels it");
        drop(group);
        match token.cause() {
            Some(Cause::Failed { location, .. }) => {
                assert!(failed);
                assert!(location.contains("errgroup.rs"), "{location}");
            }
            cause => {
                assert!(!failed);
                assert_eq!(cause, Some(Cause::Dropped));
            }
        }
    }
}

#[tokio::test]
async fn an_error_cancels_the_token_and_is_its_cause() {
    cancels_its_token_with_the_cause::<Group<_>>().await;
    cancels_its_token_with_the_cause::<BoundedGroup<_>>().await;
}

#[tokio::test]
async fn try_spawn_is_refused_at_the_limit_and_taken_again_when_tasks_have_ended() {
    let go_on = Arc::new(Semaphore::new(0));
    let task = || {
        let go_on = Arc::clone(&go_on);
        async move {
            go_on.acquire().await.map_err(|_| "closed")?.forget();
            Ok(())
        }
    };
    for limit in [42, 1] {
        let mut group = Group::<&str>::bounded(limit);
        for _ in 0..limit {
            assert!(group.try_spawn(task()).is_ok());
        }
        assert!(group.try_spawn(task()).is_err());
        go_on.add_permits(limit);
        assert_eq!(group.wait().await, Ok(()));

        assert!(group.try_spawn(task()).is_ok());
        go_on.add_permits(1);
        assert_eq!(group.wait().await, Ok(()));
    }
}

/// Go takes a limit of 0, and then nothing can ever start.
#[tokio::test]
#[should_panic(expected = "limit of at least one")]
async fn a_limit_of_nothing_is_refused() {
    let _ = Group::<()>::bounded(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_tasks_than_the_limit_are_active() {
    const LIMIT: usize = 10;
    let mut group = Group::bounded(LIMIT);
    let active = Arc::new(AtomicUsize::new(0));
    for _ in 0..1025 {
        let active = Arc::clone(&active);
        let task = async move {
            if active.fetch_add(1, Ordering::SeqCst) >= LIMIT {
                return Err("above the limit");
            }
            tokio::task::yield_now().await;
            active.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        };
        group.spawn(task).await;
    }
    assert_eq!(group.wait().await, Ok(()));
}

async fn searches_in_parallel<G: Errgroup>() {
    async fn search(kind: &'static str, query: &str) -> Result<String, &'static str> {
        tokio::task::yield_now().await;
        Ok(format!("{kind} result for {query:?}"))
    }
    let mut group = G::of_limit(2);
    let (found, mut results) = mpsc::unbounded_channel();
    for (place, kind) in ["web", "image", "video"].into_iter().enumerate() {
        let found = found.clone();
        group
            .go(async move {
                let result = search(kind, "golang").await?;
                found.send((place, result)).map_err(|_| "no receiver")
            })
            .await;
    }
    assert_eq!(group.wait().await, Ok(()));
    let mut in_order = vec![String::new(); 3];
    while let Ok((place, result)) = results.try_recv() {
        in_order[place] = result;
    }
    let expected = [
        r#"web result for "golang""#,
        r#"image result for "golang""#,
        r#"video result for "golang""#,
    ];
    assert_eq!(in_order, expected);
}

#[tokio::test]
async fn a_parallel_search_collects_its_results_in_order() {
    searches_in_parallel::<Group<_>>().await;
    searches_in_parallel::<BoundedGroup<_>>().await;
}

/// Stages that are joined by channels: the walk, some that digest, and the end of the last one
/// closes the results.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_ends_as_a_whole() {
    let mut group = Group::<&str>::bounded(21);
    let (walk, paths) = mpsc::channel(1);
    let paths = Arc::new(tokio::sync::Mutex::new(paths));
    let (digest, mut digests) = mpsc::channel(1);
    group
        .spawn(async move {
            for path in 0..1000_u32 {
                walk.send(path).await.map_err(|_| "no digester")?;
            }
            Ok(())
        })
        .await;
    for _ in 0..20 {
        let (paths, digest) = (Arc::clone(&paths), digest.clone());
        group
            .spawn(async move {
                while let Some(path) = {
                    let mut paths = paths.lock().await;
                    paths.recv().await
                } {
                    let digested = (path, path * path);
                    digest.send(digested).await.map_err(|_| "no collector")?;
                }
                Ok(())
            })
            .await;
    }
    drop(digest);
    let mut collected = 0;
    while let Some((path, digested)) = digests.recv().await {
        assert_eq!(digested, path * path);
        collected += 1;
    }
    assert_eq!(group.wait().await, Ok(()));
    assert_eq!(collected, 1000);
}
