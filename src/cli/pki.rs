//! `tessera pki`: an authority of one's own for tills, gateways and engines, and the certificates it gives and takes back.

mod authority;

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_identity::{Grant, Stores};

use super::till::table::table;
use super::{Failure, print};
use authority::{Authority, Wanted};

/// Arguments of `tessera pki`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PkiArgs {
    #[command(subcommand)]
    command: PkiCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum PkiCommand {
    /// Make an authority in a new folder.
    #[command(after_help = "Example:
  tessera pki init ca --name \"Corner Shops\"
  tessera pki issue ca node --engine --gateway '*' --operator --host 10.0.0.5 --host 127.0.0.1
  tessera pki issue ca till-1 --till S1 T1
Each machine gets its own .crt and .key, and copies of authority.crt and revoked.pem.
authority.key stays where it is.")]
    Init(InitArgs),
    /// Give a certificate: what its holder may be stands in it.
    Issue(IssueArgs),
    /// Take a certificate back: connections under it end within five seconds where the new revoked.pem lies.
    Revoke(RevokeArgs),
    /// List what was given: to whom, until when, and what was taken back.
    List(ListArgs),
}

#[derive(Clone, Debug, Args)]
struct InitArgs {
    /// The folder; it must not be there.
    folder: PathBuf,
    /// The authority's name.
    #[arg(long, default_value = "Tessera")]
    name: String,
    /// How long its own certificate holds.
    #[arg(long, value_name = "DAYS", default_value_t = 3_650, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
}

#[derive(Clone, Debug, Args)]
struct IssueArgs {
    /// The authority's folder.
    folder: PathBuf,
    /// The certificate's name: NAME.crt and NAME.key are written there. One that is there is renewed.
    name: String,
    /// It is this till of this store.
    #[arg(long, num_args = 2, value_names = ["STORE", "TILL"])]
    till: Vec<String>,
    /// It forwards for the tills of this store; `*`: of all. May be repeated.
    #[arg(long, value_name = "STORE")]
    gateway: Vec<String>,
    /// It is an engine.
    #[arg(long)]
    engine: bool,
    /// It follows the feed, as `tessera crm` does.
    #[arg(long)]
    mirror: bool,
    /// It changes programs and catalogue, closes days, corrects.
    #[arg(long)]
    operator: bool,
    /// Name or address under which it is reached: what serves needs one. May be repeated.
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// How long it holds.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
}

#[derive(Clone, Debug, Args)]
struct RevokeArgs {
    /// The authority's folder.
    folder: PathBuf,
    /// The certificate's name: all that were given under it go. Or one serial number.
    what: String,
}

#[derive(Clone, Debug, Args)]
struct ListArgs {
    /// The authority's folder.
    folder: PathBuf,
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Makes, gives, takes back, lists.
pub(crate) fn run(args: PkiArgs) -> Result<ExitCode, Failure> {
    let now = Timestamp::now();
    match args.command {
        PkiCommand::Init(args) => {
            Authority::init(&args.folder, &args.name, args.days, now)?;
            print(&format!(
                "The authority is in {}. Keep authority.key where only you can read it; everybody may have authority.crt.\n",
                args.folder.display()
            ));
        }
        PkiCommand::Issue(args) => issue(&args, now)?,
        PkiCommand::Revoke(args) => {
            let count = Authority::open(&args.folder)?.revoke(&args.what, now)?;
            print(&format!(
                "{count} taken back. Copy {} to every machine that serves: it is read there within two seconds.\n",
                args.folder.join(authority::REVOKED).display()
            ));
        }
        PkiCommand::List(args) => list(&Authority::open(&args.folder)?, args.json, now)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn issue(args: &IssueArgs, now: Timestamp) -> Result<(), Failure> {
    let grants = grants(args);
    if grants.is_empty() {
        return Err("say what it may be: --till, --gateway, --engine, --mirror or --operator".into());
    }
    if args.host.is_empty() && grants.iter().any(serves) {
        return Err("what serves is reached under a name or an address: give it with --host".into());
    }
    let wanted = Wanted { name: &args.name, grants: &grants, hosts: &args.host, days: args.days };
    let issued = Authority::open(&args.folder)?.issue(&wanted, now)?;
    print(&format!(
        "{0}.crt and {0}.key are in {1}, serial {2}, until {3:.0}.\nThe configuration of its holder (paths as they are here):\n\n[tls]\ncertificate = \"{1}/{0}.crt\"\nkey = \"{1}/{0}.key\"\nauthorities = \"{1}/{4}\"\nrevoked = \"{1}/{5}\"\n",
        args.name,
        args.folder.display(),
        issued.serial,
        issued.until,
        authority::CERTIFICATE,
        authority::REVOKED,
    ));
    Ok(())
}

/// A till and a follower only call; the others are called.
fn serves(grant: &Grant) -> bool {
    match grant {
        Grant::Gateway(_) | Grant::Engine => true,
        Grant::Till { .. } | Grant::Mirror | Grant::Operator => false,
    }
}

fn grants(args: &IssueArgs) -> Vec<Grant> {
    let tills = args.till.chunks_exact(2).filter_map(|pair| match pair {
        [store, till] => Some(Grant::Till { store: store.clone(), till: till.clone() }),
        _ => None,
    });
    let store = |store: &String| if store == "*" { Stores::All } else { Stores::One(store.clone()) };
    let gateways = args.gateway.iter().map(|known| Grant::Gateway(store(known)));
    let own = [(args.engine, Grant::Engine), (args.mirror, Grant::Mirror), (args.operator, Grant::Operator)];
    tills.chain(gateways).chain(own.into_iter().filter(|(asked, _)| *asked).map(|(_, grant)| grant)).collect()
}

fn list(authority: &Authority, json: bool, now: Timestamp) -> Result<(), Failure> {
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(authority.issued())?));
        return Ok(());
    }
    let mut shown = table(&["name", "may be", "hosts", "until", "serial", "state"], &[]);
    for one in authority.issued() {
        let state = match one.revoked {
            Some(at) => format!("taken back {at:.0}"),
            None if one.until < now => "over".to_owned(),
            None => "good".to_owned(),
        };
        shown.add_row([
            one.name.clone(),
            one.grants.join("\n"),
            one.hosts.join("\n"),
            format!("{:.0}", one.until),
            one.serial.clone(),
            state,
        ]);
    }
    print(&format!("{shown}\n"));
    Ok(())
}

/// Whether a host is written as an address.
fn address(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}
