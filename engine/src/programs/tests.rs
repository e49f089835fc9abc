//! Tests of revisions and catalogues in storage.

use tessera_rules::id::Sku;
use tessera_storage::MemoryStorage;

use super::*;

fn source(percent: &str) -> Vec<Source> {
    let text = format!(
        "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ncampaigns:\n  - id: off\n    name: Off\n    percent_off: {percent}\n"
    );
    vec![Source { name: "club.yaml".to_owned(), text }]
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

async fn opened(storage: &Arc<MemoryStorage>) -> Programs {
    let shared: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(storage);
    Programs::open(shared).await.unwrap()
}

#[tokio::test]
async fn h16_a_revision_keeps_its_number_and_is_found_by_time_after_a_restart() {
    let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
    let programs = opened(&storage).await;
    assert_eq!(programs.at(at(50)).await.unwrap().revision.number(), 0);
    assert_eq!(programs.publish(&source("10"), at(100)).await.unwrap(), Published::New(1));
    assert_eq!(programs.publish(&source("10"), at(150)).await.unwrap(), Published::Unchanged(1));
    assert_eq!(programs.publish(&source("20"), at(200)).await.unwrap(), Published::New(2));
    for programs in [programs, opened(&storage).await] {
        for (time, number) in [(99, 0), (100, 1), (199, 1), (200, 2), (900, 2)] {
            assert_eq!(programs.at(at(time)).await.unwrap().revision.number(), number, "at {time}");
        }
        assert_eq!(programs.newest().revision.number(), 2);
        assert_ne!(programs.numbered(1, 0).await.unwrap().revision.hash(), programs.newest().revision.hash());
    }
}

#[tokio::test]
async fn p11_a_file_with_a_mistake_changes_nothing() {
    let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
    let programs = opened(&storage).await;
    programs.publish(&source("10"), at(100)).await.unwrap();
    let error = programs.publish(&source("ten"), at(200)).await.unwrap_err();
    assert!(matches!(&error, ProgramsError::Mistakes(_)), "{error}");
    assert!(error.to_string().contains("club.yaml"), "{error}");
    assert_eq!(programs.newest().revision.number(), 1);
}

#[tokio::test]
async fn a_catalogue_gets_a_number_only_when_it_differs() {
    let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
    let programs = opened(&storage).await;
    let product = |name: &str| Product::new(Sku::parse("1").unwrap(), name);
    assert_eq!(programs.load_catalogue(vec![product("Milk")], at(1)).await.unwrap(), Published::New(1));
    assert_eq!(programs.load_catalogue(vec![product("Milk")], at(2)).await.unwrap(), Published::Unchanged(1));
    assert_eq!(programs.load_catalogue(vec![product("Bread")], at(3)).await.unwrap(), Published::New(2));
    assert!(programs.load_catalogue(vec![product("Bread"), product("Milk")], at(4)).await.is_err());
    let again = opened(&storage).await;
    assert_eq!(again.newest().catalogue.number(), 2);
    assert_eq!(again.at(at(2)).await.unwrap().catalogue.number(), 1);
    assert!(again.numbered(0, 9).await.is_err());
}
