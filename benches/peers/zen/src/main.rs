//! GoRules zen on the case: a decision table that collects all rows that match, asked once for each line; the greatest
//! percentage wins.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zen_engine::DecisionEngine;
use zen_engine::model::DecisionContent;

fn main() {
    let path = std::env::args().nth(1).expect("the case's file");
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
    let campaigns = case["campaigns"].as_array().expect("campaigns");
    let rows: Vec<Value> = campaigns
        .iter()
        .map(|campaign| {
            json!({
                "_id": campaign["id"],
                "brand": format!("\"{}\"", campaign["brand"].as_str().expect("text")),
                "colour": format!("\"{}\"", campaign["colour"].as_str().expect("text")),
                "percent": campaign["percent"].to_string(),
            })
        })
        .collect();
    let content = json!({
        "nodes": [
            { "id": "in", "name": "in", "type": "inputNode", "position": { "x": 0, "y": 0 } },
            { "id": "table", "name": "table", "type": "decisionTableNode", "position": { "x": 1, "y": 0 }, "content": {
                "hitPolicy": "collect",
                "inputs": [
                    { "id": "brand", "name": "brand", "field": "brand" },
                    { "id": "colour", "name": "colour", "field": "colour" },
                ],
                "outputs": [{ "id": "percent", "name": "percent", "field": "percent" }],
                "rules": rows,
            } },
            { "id": "out", "name": "out", "type": "outputNode", "position": { "x": 2, "y": 0 } },
        ],
        "edges": [
            { "id": "a", "sourceId": "in", "targetId": "table", "type": "edge" },
            { "id": "b", "sourceId": "table", "targetId": "out", "type": "edge" },
        ],
    });
    let content: DecisionContent = serde_json::from_value(content).expect("a decision");
    let engine = DecisionEngine::default();
    let mut decision = engine.create_decision(content.into());
    decision.compile();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let lines = case["lines"].as_array().expect("lines");
    let receipt = || -> i64 {
        runtime.block_on(async {
            let mut discount = 0;
            for line in lines {
                let answer = decision.evaluate(line.clone().into()).await.expect("an answer");
                let rows = answer.result.to_value();
                let percents = rows.as_array().into_iter().flatten().filter_map(|row| row["percent"].as_i64());
                let (percent, amount) = (percents.max().unwrap_or(0), line["amount"].as_i64().expect("an amount"));
                discount += (amount * percent + 50) / 100;
            }
            discount
        })
    };
    let discount = receipt();
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let (start, mut count) = (Instant::now(), 0_u32);
            while start.elapsed() < Duration::from_secs(1) {
                receipt();
                count += 1;
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("zen: {} campaigns, discount {discount}, {:.1} us a receipt", campaigns.len(), times[2]);
}
