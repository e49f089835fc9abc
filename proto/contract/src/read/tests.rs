//! Tables of input that is refused, each row with the path of its fault; and what becomes of good input.

mod cards;
mod good;
mod refused;
mod sold;

use prost::Message;
use tessera_proto::billing::v1;

use crate::Refusal;
use crate::sample;

/// Changes a good request, reads it, and gives the paths of its faults; the request itself is unchanged.
fn faults_of<R: Message + Clone + PartialEq, I: std::fmt::Debug>(
    mut request: R,
    change: impl FnOnce(&mut R),
    read: impl FnOnce(&R, &super::ReadContext) -> Result<I, Refusal>,
) -> Vec<String> {
    change(&mut request);
    let before = request.clone();
    let refused = read(&request, &sample::context());
    assert!(before == request, "the request is unchanged");
    match refused {
        Ok(_) => Vec::new(),
        Err(Refusal::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
        Err(other) => vec![other.reason_name().to_owned()],
    }
}

fn quote_faults(change: impl FnOnce(&mut v1::QuoteRequest)) -> Vec<String> {
    faults_of(sample::quote(), change, super::read_quote)
}

/// The receipt of a quote, changed.
fn receipt_faults(change: impl FnOnce(&mut v1::Receipt)) -> Vec<String> {
    quote_faults(|request| change(request.receipt.as_mut().expect("is there")))
}

fn settle_faults(change: impl FnOnce(&mut v1::SettleRequest)) -> Vec<String> {
    faults_of(sample::settle(), change, super::read_settle)
}

fn return_faults(change: impl FnOnce(&mut v1::ReturnRequest)) -> Vec<String> {
    faults_of(sample::return_goods(), change, super::read_return)
}
