//! Lists of instances on disk, for the time in which the registry does not answer.

mod contents;
mod saver;
mod store;
mod upstream;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use kit_sync::Scope;

use crate::{Discovery, Error, Remarks, ServiceName, SharedWatches, Snapshot, Watch};
use saver::Saver;
use store::ListFiles;
use upstream::{Begun, Source};

/// A registry whose lists are kept on disk: while it does not answer, the last known instances of a service
/// are found, as a snapshot that is [stale](crate::Freshness::Stale) and has its [age](Snapshot::age), also by
/// a process that has just started.
///
/// - Every fresh list is kept, an empty one too, in one file for each registry and service. A failure keeps
///   what is there.
/// - [`instances`](Discovery::instances) gives the kept list in place of an error, and a watch begins with it
///   when the registry refuses, or has not answered within 2 s; it becomes fresh when the registry is back.
///   Where no list was kept, the error stands.
/// - The age is that of the registry's last answer, right to a minute: the modification time of the file.
/// - A file that cannot be read is ignored, and a remark names it. So does a list that cannot be kept.
///
/// There are at most 1000 files in the directory, of which the oldest is removed, and a list of more than
/// 32 MiB is not kept. Several processes may use one directory. Files are written and read by blocking
/// work of the scope.
///
/// ```
/// use kit_registry::{Discovery, Memory, Registrar, ServiceInstance};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// let tree = kit_sync::TaskTree::new("example");
/// let url = "memory:";
/// let memory = Memory::new().open(tree.scope());
/// let registry = memory.cached(url, dir.path(), tree.scope());
///
/// let service = "helloworld".parse()?;
/// assert!(registry.discovery.instances(&service).await?.is_fresh());
/// # Ok(())
/// # }
/// ```
pub struct Cached {
    source: Arc<Source>,
    watches: SharedWatches,
}

impl Cached {
    /// Keeps the lists of `discovery` in `directory`, which is made at the first list. `registry` tells this
    /// registry from others in the same directory, such as its URL; passwords in it make no difference, and
    /// are not written.
    ///
    /// Watches, reads and writes are members of `scope`.
    pub fn new(
        registry: &str,
        directory: impl Into<PathBuf>,
        discovery: Arc<dyn Discovery>,
        remarks: Remarks,
        scope: &Scope,
    ) -> Cached {
        let store = Arc::new(ListFiles::new(registry, directory.into(), remarks.clone()));
        let saver = Saver::new(Arc::clone(&store), remarks, scope.clone());
        let source = Source::new(discovery, store, saver, scope.clone());
        Cached {
            source: Arc::new(source),
            watches: SharedWatches::new(scope.clone()),
        }
    }
}

#[async_trait]
impl Discovery for Cached {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        self.source.instances(service).await
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        let first = self.source.begin(service);
        let (source, followed) = (Arc::clone(&self.source), service.clone());
        let follow =
            |begun: Begun, feed| async move { source.follow(&followed, begun, feed).await };
        self.watches.watch(service, first, follow).await
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
