//! What a return does to cards, entries and days.

use tessera_proto::billing::v1::Totals;

use super::*;

fn returned(id: &str, of: &str) -> Outcome {
    let kind = i32::from(OutcomeKind::Return);
    Outcome { kind, original_receipt_id: of.to_owned(), ..outcome(id, "2026-03-02", "S1", vec![]) }
}

async fn card_of(outcomes: impl IntoIterator<Item = Outcome>) -> Card {
    let reader = Reader::new(folded(&made::responses("a-1", outcomes), 10).await);
    reader.card("a-1").await.unwrap().unwrap()
}

fn with_code(state: CodeState, of: Outcome) -> Outcome {
    let verdict = CodeVerdict { code: "K1".to_owned(), state: i32::from(state), ..CodeVerdict::default() };
    Outcome { code_verdicts: vec![verdict], ..of }
}

#[tokio::test]
async fn a_coupon_is_free_again_where_a_return_says_so_and_nowhere_else() {
    let given = Outcome { rewards: vec![coupon("K1")], ..outcome("r1", "2026-03-01", "S1", vec![]) };
    let used = with_code(CodeState::Applied, outcome("r2", "2026-03-01", "S1", vec![]));
    let shown = with_code(CodeState::NotNeeded, outcome("r3", "2026-03-01", "S1", vec![]));
    let back = with_code(CodeState::NotNeeded, returned("r4", "r2"));
    let card = card_of([given.clone(), used.clone(), shown]).await;
    assert_eq!(card.coupons[0].used_by, "r2");
    let card = card_of([given, used, back]).await;
    assert_eq!(card.coupons[0].used_by, "");
}

fn tier(tier_id: &str, until: &str) -> Reward {
    Reward {
        reward_id: "w3".to_owned(),
        program_id: "club".to_owned(),
        kind: i32::from(RewardKind::Status),
        tier_id: tier_id.to_owned(),
        expires_at: at(until),
        ..Reward::default()
    }
}

#[tokio::test]
async fn the_tier_before_comes_back_with_the_goods_where_it_lasted() {
    let sold = |id: &str, day: &str, tier: Reward| Outcome { rewards: vec![tier], ..outcome(id, day, "S1", vec![]) };
    let back = |id: &str, of: &str| Outcome { rewards: vec![tier("", "2026-09-01T00:00:00Z")], ..returned(id, of) };
    // What silver's end is, which returns come, and what is held then.
    let lasting = "2026-06-01T00:00:00Z";
    for (silver_until, returns, wanted) in [
        (lasting, vec![], Some(("gold", "r2"))),
        (lasting, vec!["r2"], Some(("silver", "r1"))),
        (lasting, vec!["r2", "r1"], None),
        (lasting, vec!["r1"], Some(("gold", "r2"))),
        (lasting, vec!["r1", "r2"], None),
        ("2026-03-02T12:00:00Z", vec!["r2"], None),
    ] {
        let mut outcomes = vec![
            sold("r1", "2026-03-01", tier("silver", silver_until)),
            sold("r2", "2026-03-02", tier("gold", "2026-09-01T00:00:00Z")),
        ];
        outcomes.extend(returns.iter().enumerate().map(|(number, of)| back(&format!("b{number}"), of)));
        let card = card_of(outcomes).await;
        let held = card.tiers.get("club").map(|held| (held.now.tier_id.as_str(), held.now.receipt_id.as_str()));
        assert_eq!(held, wanted, "silver until {silver_until}, returned: {returns:?}");
    }
}

#[tokio::test]
async fn of_memberships_bought_ahead_each_gives_its_own_time_back() {
    let ends = ["2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"];
    let mut outcomes = Vec::new();
    for (number, until) in ends.into_iter().enumerate() {
        let from = number.checked_sub(1).and_then(|before| at(ends[before]));
        let gift = Reward { vests_at: from, ..tier("member", until) };
        outcomes.push(Outcome { rewards: vec![gift], ..outcome(&format!("r{number}"), "2026-03-01", "S1", vec![]) });
    }
    let back = |of: &str| Outcome { rewards: vec![tier("", ends[0])], ..returned(&format!("b-{of}"), of) };
    for (of, wanted) in [
        (&["r2"][..], Some("2026-05-01T00:00:00Z")),
        (&["r1"], Some("2026-05-02T00:00:00Z")),
        (&["r1", "r2"], Some("2026-04-01T00:00:00Z")),
        (&["r2", "r1"], Some("2026-04-01T00:00:00Z")),
        (&["r2", "r0", "r1"], None),
    ] {
        let card = card_of(outcomes.clone().into_iter().chain(of.iter().map(|of| back(of)))).await;
        let until = card.tiers.get("club").map(|held| held.now.until.unwrap().to_string());
        assert_eq!(until.as_deref(), wanted, "{of:?}");
    }
}

#[tokio::test]
async fn what_is_deducted_from_a_refund_is_not_given_back() {
    let totals = |amount_minor, due_minor| Some(Totals { amount_minor, due_minor, ..Totals::default() });
    // Part of the sale was paid by points: that is paid, though nothing of it was due.
    let sold = Outcome { totals_after: totals(1_000, 900), ..outcome("r1", "2026-03-01", "S1", vec![]) };
    let back = Outcome { totals_before: totals(400, 400), totals_after: totals(400, 350), ..returned("r2", "r1") };
    let reader = Reader::new(folded(&made::responses("a-1", [sold, back]), 10).await);
    assert_eq!(reader.card("a-1").await.unwrap().unwrap().spent_minor["GBP"], 650);
    let history = reader.history("a-1", 2).await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.after_minor).collect::<Vec<_>>(), [350, 1_000]);
    let day = DayOfStore { basis: Basis::Till, day: "2026-03-02".parse().unwrap(), store: "S1".to_owned() };
    let sums = reader.sums(&day).await.unwrap();
    let sales = sums.iter().find(|sum| matches!(sum.counted, Counted::Sales { .. })).unwrap();
    assert_eq!(sales.numbers, [0, 0, 1, 0, 0, 350, 0]);
}
