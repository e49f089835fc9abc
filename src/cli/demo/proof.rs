//! Reads the feed at the end and proves the books: postings sum to zero, and lots agree with balances (P5).

use std::collections::BTreeMap;

use tessera_contract::CONTRACT_MINOR;
use tessera_crm::follow::{Follower, Position};
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::posting::Side;
use tessera_proto::billing::v1::{CustomerIdentity, EntryMethod, IdentifyRequest, IdentifyResponse, Outcome};
use tessera_till::{CallOptions, Journal, TillClient, TillConfig};

use super::shopper::{CARDS, card};
use crate::cli::Failure;

/// What the books say.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Outcomes in the feed.
    pub(super) outcomes: u64,
    /// Postings in them.
    pub(super) postings: u64,
    /// Accounts whose balance was compared with their lots.
    pub(super) accounts: u64,
    /// What does not agree, in words.
    pub(super) wrong: Vec<String>,
    /// Units in lots, by account and asset.
    lots: BTreeMap<(String, String), i64>,
}

impl Proof {
    /// Whether everything agrees.
    pub(super) fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    fn add(&mut self, outcome: &Outcome) {
        self.outcomes = self.outcomes.saturating_add(1);
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for posting in &outcome.postings {
            self.postings = self.postings.saturating_add(1);
            let sum = sums.entry(&posting.asset_id).or_default();
            *sum = sum.saturating_add(posting.units);
            if let Some(Side::LotId(_)) = &posting.side {
                let lots = self.lots.entry((outcome.account_id.clone(), posting.asset_id.clone())).or_default();
                *lots = lots.saturating_add(posting.units);
            }
        }
        for (asset, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            self.wrong.push(format!("the postings of {} in {asset} sum to {sum}", outcome.outcome_id));
        }
    }

    /// Usable, held and not yet usable together are what lies in lots.
    fn compare(&mut self, card: &str, known: &IdentifyResponse) {
        if known.account_id.is_empty() {
            return;
        }
        self.accounts = self.accounts.saturating_add(1);
        for balance in &known.balances {
            let told =
                [balance.available_units, balance.held_units, balance.vesting_units].into_iter().fold(0, i64::saturating_add);
            let lots = self.lots.get(&(known.account_id.clone(), balance.asset_id.clone())).copied().unwrap_or(0);
            if told != lots {
                self.wrong.push(format!("card {card}: the balance of {} is {told}, its lots hold {lots}", balance.asset_id));
            }
        }
    }
}

/// Reads the whole feed and asks for every card's balance.
pub(super) async fn prove(engine: &str, gateway: &str) -> Result<Proof, Failure> {
    let mut proof = Proof::default();
    let mut follower = Follower::new(engine, Position::default(), false)?;
    while let Some(response) = follower.next().await? {
        if let Some(outcome) = &response.outcome {
            proof.add(outcome);
        }
    }
    let till = TillClient::connect(TillConfig::new(gateway, "S1", "T0", Journal::none()))?;
    for number in (0..CARDS).map(card) {
        let identity =
            CustomerIdentity { identity: Some(Identity::CardNumber(number.clone())), entry_method: EntryMethod::Scanned.into() };
        let request = IdentifyRequest {
            contract_minor: CONTRACT_MINOR,
            customer: Some(identity),
            store_id: "S1".to_owned(),
            ..IdentifyRequest::default()
        };
        proof.compare(&number, &till.identify(request, CallOptions::default()).await?);
    }
    Ok(proof)
}

#[cfg(test)]
mod tests {
    use tessera_proto::billing::v1::{Balance, Book, Posting};

    use super::*;

    fn outcome(lot: i64, book: i64) -> Outcome {
        let posting = |units, side| Posting { asset_id: "points".into(), units, side: Some(side), ..Posting::default() };
        Outcome {
            outcome_id: "r1".into(),
            account_id: "a1".into(),
            postings: vec![posting(lot, Side::LotId("r1~0".into())), posting(book, Side::Book(Book::default()))],
            ..Outcome::default()
        }
    }

    fn known(available_units: i64, vesting_units: i64) -> IdentifyResponse {
        let balance = Balance { asset_id: "points".into(), available_units, vesting_units, ..Balance::default() };
        IdentifyResponse { account_id: "a1".into(), balances: vec![balance], ..IdentifyResponse::default() }
    }

    #[test]
    fn p5_books_that_agree_hold_and_books_that_do_not_are_named() {
        for (book, available, vesting, wrong) in [
            (-9, 4, 5, None),
            (-9, 4, 6, Some("the balance of points is 10, its lots hold 9")),
            (-8, 4, 5, Some("the postings of r1 in points sum to 1")),
        ] {
            let mut proof = Proof::default();
            proof.add(&outcome(9, book));
            proof.compare("4000100", &known(available, vesting));
            assert_eq!(proof.holds(), wrong.is_none(), "{:?}", proof.wrong);
            assert!(wrong.is_none_or(|text| proof.wrong.iter().any(|found| found.contains(text))), "{:?}", proof.wrong);
            assert_eq!((proof.outcomes, proof.postings, proof.accounts), (1, 2, 1));
        }
    }
}
