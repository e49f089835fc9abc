//! `tessera draw verify`: the same winners again, from nothing but what was published.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tessera_ledger::draw::{Terms, TicketList, commitment, draw, hex};

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
    /// The secret, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    secret: String,
    /// The value of the source.
    #[arg(long, value_name = "TEXT")]
    value: String,
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

/// Prints digest, commitment, seed and winners.
pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    print(&told(args, &fs::read_to_string(&args.tickets)?)?);
    Ok(ExitCode::SUCCESS)
}

fn told(args: &VerifyArgs, tickets: &str) -> Result<String, Failure> {
    let list = TicketList::parse(tickets).map_err(|error| format!("{}: {error}", args.tickets.display()))?;
    let secret = secret(&args.secret).ok_or("the secret must be 64 hexadecimal digits")?;
    let terms = Terms {
        draw: &args.draw,
        list: list.digest(),
        secret,
        value: &args.value,
        winners: args.winners,
        one_each: args.one_each,
    };
    let number = |(series, place): (&str, u32)| format!("{series}-{place}");
    let drawn = draw(&list, &terms, |series, place| args.out.contains(&number((series, place))));
    let mut text = format!(
        "list (SHA-256)  {}\ncommitment      {}\nseed            {}\n",
        hex(&terms.list),
        hex(&commitment(&secret)),
        hex(&drawn.seed)
    );
    for (place, index) in (1_usize..).zip(&drawn.winners) {
        text.push_str(&format!("{place:>15} {}\n", list.ticket(*index).map(number).unwrap_or_default()));
    }
    Ok(text)
}

fn secret(text: &str) -> Option<[u8; 32]> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(secret: &str, out: &[&str]) -> VerifyArgs {
        VerifyArgs {
            draw: "car".to_owned(),
            tickets: PathBuf::from("tickets.txt"),
            secret: secret.to_owned(),
            value: "3 17 22 41 45".to_owned(),
            winners: 3,
            one_each: true,
            out: out.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_was_published_is_enough_to_draw_again() {
        let series = [("2A", 3), ("B0", 12), ("ZZ", 5)];
        let tickets: String =
            series.iter().flat_map(|(name, count)| (1..=*count).map(move |place| format!("{name}-{place}\n"))).collect();
        let told = told(&args(&"07".repeat(32), &["B0-3", "B0-7", "2A-1"]), &tickets).unwrap();
        // By a program of its own, in another language.
        for line in [
            "list (SHA-256)  f27ad8a0d8eea9cc4d23f9708229868b5a46a496fa3065b558bb314bc5a67cac",
            "commitment      1967c0fdaed0b8f2618d3b1f4a9f8541ed315505acc26f5a41f382da8bdd9954",
            "seed            69e29a794e0b02cea2a3217c31cb614f9e4c9d9c5d60ad1a183ef3fe098879b6",
            "              1 2A-3\n              2 B0-11\n              3 ZZ-2\n",
        ] {
            assert!(told.contains(line), "{line}\n{told}");
        }
    }

    #[test]
    fn p11_what_is_no_list_or_secret_is_told() {
        let table = [
            (args("07", &[]), "A-1\n", "64 hexadecimal digits"),
            (args(&"07".repeat(32), &[]), "A-1\nA\n", "tickets.txt: line 2: is no number of a ticket"),
        ];
        for (args, tickets, expected) in table {
            let error = told(&args, tickets).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
