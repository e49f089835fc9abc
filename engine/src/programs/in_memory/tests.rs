//! Tests of what stays in memory.

use std::sync::atomic::AtomicU32;

use tokio::sync::Notify;

use super::super::documents::missing;
use super::*;

fn filled(numbers: &[u64]) -> Arc<InMemory<u64>> {
    let memory = Arc::new(InMemory::new("number"));
    for number in numbers {
        memory.put(*number, Arc::new(*number));
    }
    memory
}

#[test]
fn at_most_three_stay_and_the_least_used_one_goes() {
    let memory = filled(&[1, 2, 3]);
    assert_eq!((memory.numbers(), memory.has_room()), (vec![1, 2, 3], false));
    assert_eq!(memory.get(1).as_deref(), Some(&1));
    memory.put(4, Arc::new(4));
    assert_eq!(memory.numbers(), [1, 3, 4], "2 was used least");
    assert_eq!(memory.get(2), None);
    memory.put(4, Arc::new(44));
    assert_eq!((memory.numbers(), memory.get(4).as_deref()), (vec![1, 3, 4], Some(&44)));
}

#[test]
fn the_one_in_force_and_the_next_one_stay_whatever_else_is_asked_for() {
    let memory = filled(&[1, 2]);
    memory.keep([1, 2]);
    for number in 3..20 {
        memory.put(number, Arc::new(number));
        assert_eq!(memory.numbers(), [1, 2, number]);
    }
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_makes_it_and_all_get_it() {
    let memory = filled(&[]);
    let (made, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (memory, made, go) = (Arc::clone(&memory), Arc::clone(&made), Arc::clone(&go));
            tokio::spawn(async move {
                let making = async move {
                    go.notified().await;
                    made.fetch_add(1, Ordering::Relaxed);
                    Ok(70)
                };
                memory.get_or_make(7, making).await.map(|value| *value)
            })
        })
        .collect();
    go.notify_one();
    for asked in asking {
        assert_eq!(asked.await.unwrap().unwrap(), 70);
    }
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn h14_what_is_being_made_is_made_although_nobody_waits_any_more() {
    let memory = filled(&[]);
    let go = Arc::new(Notify::new());
    let making = {
        let go = Arc::clone(&go);
        async move {
            go.notified().await;
            Ok(70)
        }
    };
    let mut waiting = Box::pin(memory.get_or_make(7, making));
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("it cannot have been made"),
        () = std::future::ready(()) => {}
    }
    drop(waiting);
    go.notify_one();
    // Whoever asks next gets what the first one began; this one would fail.
    let value = memory.get_or_make(7, async { Err(missing("number", 7)) }).await.unwrap();
    assert_eq!(*value, 70);
}

#[tokio::test]
async fn what_cannot_be_made_is_tried_again_by_the_next_who_asks() {
    let memory = filled(&[]);
    let failed = memory.get_or_make(7, async { Err(missing("number", 7)) }).await.unwrap_err();
    assert!(failed.to_string().contains("number 7"), "{failed}");
    assert_eq!(*memory.get_or_make(7, async { Ok(1) }).await.unwrap(), 1);
}
