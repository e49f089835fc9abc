//! `tessera draw verify`: the same winners again, from nothing but what was published.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tessera_ledger::draw::{Spelling, Terms, TicketList, commitment, draw, hex};

use crate::cli::{Failure, print};

/// What was published of a draw.
#[derive(Clone, Debug, Args)]
pub(super) struct VerifyArgs {
    /// The draw.
    #[arg(value_name = "DRAW")]
    draw: String,
    /// The list of tickets, a number a line.
    #[arg(long, value_name = "FILE")]
    tickets: PathBuf,
    /// The digest of the list that was published when the draw was closed, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = digits)]
    list_sha256: [u8; 32],
    /// The commitment that was published with it, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = digits)]
    commitment: [u8; 32],
    /// The secret that was told when it was held, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = digits)]
    secret: [u8; 32],
    /// The value of the source, as the page of the draw has it; numbers that are counted may stand in any order.
    #[arg(long, value_name = "TEXT")]
    value: String,
    /// How many numbers the value has, where the draw was closed with that.
    #[arg(long, value_name = "N[+N…]")]
    numbers: Option<Spelling>,
    /// How many winners there were to be.
    #[arg(long, value_name = "N")]
    winners: usize,
    /// Of each account one ticket at most wins.
    #[arg(long)]
    one_each: bool,
    /// Tickets that were drawn and had been given back: those that the page of the draw names.
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',')]
    out: Vec<String>,
}

/// Prints seed and winners, where list and secret are those that the draw was closed with.
pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    print(&told(args, &fs::read_to_string(&args.tickets)?)?);
    Ok(ExitCode::SUCCESS)
}

fn told(args: &VerifyArgs, tickets: &str) -> Result<String, Failure> {
    let list = TicketList::parse(tickets).map_err(|error| format!("{}: {error}", args.tickets.display()))?;
    let (digest, commitment) = (list.digest(), commitment(&args.secret));
    same("list", &digest, "--list-sha256", &args.list_sha256)?;
    same("secret", &commitment, "--commitment", &args.commitment)?;
    let number = |(series, place): (&str, u32)| format!("{series}-{place}");
    let out: BTreeSet<&str> = args.out.iter().map(String::as_str).collect();
    let mut unlisted = out.clone();
    for number in list.numbers() {
        unlisted.remove(number.as_str());
    }
    if let Some(unknown) = unlisted.first() {
        return Err(format!("--out: {unknown} is not on the list").into());
    }
    let spelt = args.numbers.as_ref().map(|spelling| spelling.spell(&args.value)).transpose();
    let spelt = spelt.map_err(|error| format!("--value: {error}"))?;
    let terms = Terms {
        draw: &args.draw,
        list: digest,
        secret: args.secret,
        value: spelt.as_deref().unwrap_or(&args.value),
        winners: args.winners,
        one_each: args.one_each,
    };
    let drawn = draw(&list, &terms, |series, place| out.contains(number((series, place)).as_str()));
    let mut text =
        format!("list (SHA-256)  {}\ncommitment      {}\nseed            {}\n", hex(&digest), hex(&commitment), hex(&drawn.seed));
    for (place, index) in (1_usize..).zip(&drawn.winners) {
        text.push_str(&format!("{place:>15} {}\n", list.ticket(*index).map(number).unwrap_or_default()));
    }
    Ok(text)
}

/// Fails where what was published when the draw was closed is not what the list or the secret comes to.
fn same(what: &str, found: &[u8; 32], option: &str, published: &[u8; 32]) -> Result<(), Failure> {
    if found == published {
        return Ok(());
    }
    let (found, published) = (hex(found), hex(published));
    Err(format!("this {what} is not the one that the draw was closed with: it comes to {found}, and {option} is {published}")
        .into())
}

/// 32 bytes.
fn digits(text: &str) -> Result<[u8; 32], String> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| "must be 64 hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "f27ad8a0d8eea9cc4d23f9708229868b5a46a496fa3065b558bb314bc5a67cac";
    const COMMITMENT: &str = "1967c0fdaed0b8f2618d3b1f4a9f8541ed315505acc26f5a41f382da8bdd9954";

    fn args(out: &[&str]) -> VerifyArgs {
        VerifyArgs {
            draw: "car".to_owned(),
            tickets: PathBuf::from("tickets.txt"),
            list_sha256: digits(LIST).unwrap(),
            commitment: digits(COMMITMENT).unwrap(),
            secret: [7; 32],
            value: "3 17 22 41 45".to_owned(),
            numbers: None,
            winners: 3,
            one_each: true,
            out: out.iter().map(ToString::to_string).collect(),
        }
    }

    fn tickets() -> String {
        let series = [("2A", 3), ("B0", 12), ("ZZ", 5)];
        series.iter().flat_map(|(name, count)| (1..=*count).map(move |place| format!("{name}-{place}\n"))).collect()
    }

    #[test]
    fn what_was_published_is_enough_to_draw_again() {
        let told = told(&args(&["B0-3", "B0-7", "2A-1"]), &tickets()).unwrap();
        let in_any_order =
            VerifyArgs { value: "45, 41, 22, 17, 3".to_owned(), numbers: "5".parse().ok(), ..args(&["B0-3", "B0-7", "2A-1"]) };
        assert_eq!(super::told(&in_any_order, &tickets()).unwrap(), told);
        // By a program of its own, in another language.
        for line in [
            &format!("list (SHA-256)  {LIST}"),
            &format!("commitment      {COMMITMENT}"),
            "seed            69e29a794e0b02cea2a3217c31cb614f9e4c9d9c5d60ad1a183ef3fe098879b6",
            "              1 2A-3\n              2 B0-11\n              3 ZZ-2\n",
        ] {
            assert!(told.contains(line), "{line}\n{told}");
        }
    }

    #[test]
    fn p11_what_is_not_what_was_published_is_told() {
        let one_less = tickets().replace("B0-8\n", "");
        let table = [
            (args(&[]), "A-1\nA\n", "tickets.txt: line 2: is no number of a ticket"),
            (args(&[]), &one_less, "this list is not the one that the draw was closed with"),
            (VerifyArgs { secret: [8; 32], ..args(&[]) }, &tickets(), "this secret is not the one"),
            (VerifyArgs { numbers: "6".parse().ok(), ..args(&[]) }, &tickets(), "--value: must have 6 numbers"),
            (args(&["B0-3", "B0-13"]), &tickets(), "--out: B0-13 is not on the list"),
        ];
        for (args, tickets, expected) in table {
            let error = told(&args, tickets).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(digits("07"), Err("must be 64 hexadecimal digits".to_owned()));
    }
}
