//! What the metrics count.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tessera_proto::billing::v1;
use tessera_rules::revision::Source;

use super::super::testing::*;

/// Keeps the counters of one test, by name and labels.
#[derive(Debug, Default)]
struct Counters(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counters {
    fn of(&self, name: &str) -> Vec<(String, u64)> {
        let counters = self.0.lock().unwrap();
        counters.iter().filter(|(key, _)| key.starts_with(name)).map(|(key, n)| (key.clone(), n.load(Ordering::SeqCst))).collect()
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<String> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(name).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn a_campaign_that_is_skipped_is_counted_once_for_each_served_call() {
    let counters = Counters::default();
    let _counted = metrics::set_default_local_recorder(&counters);
    let rig = Rig::new().await;
    let fails = "  - {id: fails, name: Fails, when: \"10 / (receipt.lines.size() - 1) > 1\", percent_off: 50}\n";
    rig.pass(Duration::from_secs(1));
    let source = Source { name: "club.yaml".to_owned(), text: format!("{PROGRAM}{fails}") };
    let now = begin().checked_add(Duration::from_secs(1)).unwrap();
    rig.engine.programs().publish(&[source], now).await.unwrap();
    let sold = |id: &str| v1::Receipt {
        sold_at: Some(tessera_contract::convert::timestamp_to_wire(now)),
        ..receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, 500)])
    };
    let count = |call: &str| format!("tessera_engine_campaigns_skipped_total call={call} campaign=fails");
    let quoted = rig.quote(quote(sold("A"))).await.unwrap();
    assert_eq!(counters.of("tessera_engine_campaigns_skipped_total"), [(count("quote"), 1)]);
    // What a token decided was counted with its quote; what is evaluated for the settle is counted with it, once.
    rig.settle(as_quoted(sold("A"), &quoted)).await.unwrap();
    assert_eq!(counters.of("tessera_engine_campaigns_skipped_total"), [(count("quote"), 1)]);
    for _ in 0..2 {
        rig.settle(unquoted(sold("B"))).await.unwrap();
        assert_eq!(counters.of("tessera_engine_campaigns_skipped_total"), [(count("quote"), 1), (count("settle"), 1)]);
    }
}
