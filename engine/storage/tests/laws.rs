//! Every implementation keeps the laws of the contract.

use std::sync::Arc;

use tessera_storage::conformance::{self, SPACES, Subject};
use tessera_storage::{EmbeddedStorage, MemoryStorage, Options};

macro_rules! in_memory {
    ($($law:ident),*) => {
        mod memory {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    conformance::$law(Arc::new(MemoryStorage::new(&SPACES))).await;
                }
            )*
        }
    };
}

macro_rules! claims_first {
    ($($law:ident),*) => {
        mod memory_with_claims_first {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    conformance::$law(Arc::new(MemoryStorage::with_claims_first(&SPACES))).await;
                }
            )*
        }
    };
}

macro_rules! embedded {
    ($($law:ident),*) => {
        mod embedded {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    let folder = tempfile::tempdir().unwrap();
                    let opened = EmbeddedStorage::open(folder.path(), Options::new(&SPACES)).unwrap();
                    let storage: Subject = Arc::new(opened.storage);
                    conformance::$law(storage).await;
                }
            )*
        }
    };
}

tessera_storage::for_each_law!(in_memory);
tessera_storage::for_each_law!(claims_first);
tessera_storage::for_each_law!(embedded);
