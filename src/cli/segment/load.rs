//! `tessera segment load`: a file of customers becomes a version of a list.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tessera_crm::notices::phone::Region;
use tessera_proto::admin::v1::{
    BeginListLoadRequest, BeginListLoadResponse, FinishListLoadRequest, GetListRequest, ListChange, ListMode,
    LoadListRowsRequest, LoadListRowsResponse,
};
use tonic::{Code, Status};

use super::{Lists, customers, running};
use crate::cli::{ConfigFile, Failure, admin, print, read_config};
use crate::list_file::{self, Checked, Encoding, Meant, Pieces, moment};
use crate::replay::progress;

/// Rows of one call.
const PIECE_ROWS: usize = 1_000;
/// How often a piece is sent for which the engine has no room, and how long it is waited between.
const TRIES_MAX: u32 = 200;
const TRY_AFTER: Duration = Duration::from_millis(100);

/// Arguments of `tessera segment load`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "The file is CSV; its first row names the columns: `card`, `phone`, `qr` or `customer_id`, and
perhaps `until`. Tills see the new list when all of it is loaded. A load that was cut short goes on
where it stopped when it is run again.

Examples:
  what would change
      tessera segment load staff-2026 staff.csv --check
  these are the list from now on
      tessera segment load staff-2026 staff.csv
  some come, some go
      tessera segment load staff-2026 hired.csv --add
      tessera segment load staff-2026 left.csv --remove
Undo: tessera segment undo staff-2026")]
pub(crate) struct LoadArgs {
    /// The list, as a segment of the program names it.
    #[arg(value_name = "NAME")]
    name: String,
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The customers of the file come to the list.
    #[arg(long, conflicts_with = "remove")]
    add: bool,
    /// The customers of the file are taken off the list.
    #[arg(long)]
    remove: bool,
    /// Only check the file and say what would change.
    #[arg(long)]
    check: bool,
    /// The characters of the file.
    #[arg(long, value_enum, default_value_t = Encoding::Auto)]
    encoding: Encoding,
    /// The country of phone numbers that say none, in two letters such as GB.
    #[arg(long, value_name = "COUNTRY")]
    country: Option<String>,
    /// Until when they are on the list: a day, from its first moment in the ledger's time zone, or a time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl LoadArgs {
    const fn mode(&self) -> ListMode {
        match (self.add, self.remove) {
            (true, _) => ListMode::Add,
            (false, true) => ListMode::Remove,
            (false, false) => ListMode::Replace,
        }
    }

    fn meant(&self) -> Result<Meant, Failure> {
        let zone = read_config(self.config.config.as_deref())?.ledger_time_zone;
        let region = self.country.as_deref().map(|code| {
            Region::from_code(&code.to_ascii_uppercase()).ok_or_else(|| format!("--country {code}: no such country"))
        });
        let until = self.until.as_deref().map(|text| moment(text, &zone).map_err(|problem| format!("--until {problem}")));
        Ok(Meant { encoding: self.encoding, region: region.transpose()?, until: until.transpose()?, zone })
    }
}

/// Checks the file, then loads it or says what it would change.
pub(super) async fn run(args: LoadArgs) -> Result<ExitCode, Failure> {
    let meant = args.meant()?;
    let bar = progress(args.quiet, "checking", "{msg} {wide_bar} {bytes}/{total_bytes}");
    let checked = list_file::check(&args.file, &meant, &bar);
    bar.finish_and_clear();
    let checked = checked?;
    let mut lists = running(&args.config).await?;
    if args.check {
        return tell_change(&args, &meant, checked, &mut lists).await;
    }
    let begun = begin(&mut lists, (&args.name, args.mode()), checked, &args.note).await?;
    if begun.unchanged {
        print(&format!("version {} of {} was made from just these customers: nothing to load\n", begun.version, args.name));
        return Ok(ExitCode::SUCCESS);
    }
    let mut pieces = Pieces::open(&args.file, &meant, begun.rows_taken, PIECE_ROWS)?;
    let bar = progress(args.quiet, "loading", "{msg} {wide_bar} {human_pos}/{human_len} {eta}");
    bar.set_length(checked.rows);
    bar.set_position(begun.rows_taken);
    let mut first_row = begun.rows_taken.saturating_add(1);
    loop {
        let rows = pieces.next()?;
        if rows.is_empty() {
            break;
        }
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let request = LoadListRowsRequest { list_id: args.name.clone(), version: begun.version, first_row, rows };
        send(&mut lists, &request).await?;
        first_row = first_row.saturating_add(count);
        bar.inc(count);
    }
    bar.finish_and_clear();
    finish(&mut lists, &args.name, begun.version).await
}

/// Takes everybody off a list.
pub(super) async fn clear(name: &str, config: &ConfigFile) -> Result<ExitCode, Failure> {
    let mut lists = running(config).await?;
    let nobody = Checked { rows: 0, hash: *blake3::hash(b"").as_bytes() };
    let begun = begin(&mut lists, (name, ListMode::Replace), nobody, "").await?;
    finish(&mut lists, name, begun.version).await
}

async fn begin(
    lists: &mut Lists,
    (name, mode): (&str, ListMode),
    checked: Checked,
    note: &str,
) -> Result<BeginListLoadResponse, Failure> {
    let request = BeginListLoadRequest {
        list_id: name.to_owned(),
        mode: i32::from(mode),
        content_hash: checked.hash.to_vec(),
        rows: checked.rows,
        note: note.to_owned(),
    };
    Ok(lists.begin_list_load(request).await.map_err(admin::refused)?.into_inner())
}

async fn finish(lists: &mut Lists, name: &str, version: u32) -> Result<ExitCode, Failure> {
    let request = FinishListLoadRequest { list_id: name.to_owned(), version };
    let list = lists.finish_list_load(request).await.map_err(admin::refused)?.into_inner().list.unwrap_or_default();
    let change = list.versions.first().and_then(|version| version.change).unwrap_or_default();
    print(&format!("{name}, version {version}: {} are on it\n{}", customers(list.members), rows_told(&change)));
    Ok(ExitCode::SUCCESS)
}

/// Says what a load would change; nothing is written.
async fn tell_change(args: &LoadArgs, meant: &Meant, checked: Checked, lists: &mut Lists) -> Result<ExitCode, Failure> {
    let request = GetListRequest { list_id: args.name.clone(), customer: None };
    let before = match lists.get_list(request).await {
        Ok(told) => told.into_inner().list.unwrap_or_default().members,
        Err(status) if status.code() == Code::NotFound => 0,
        Err(status) => return Err(admin::refused(status)),
    };
    let mut pieces = Pieces::open(&args.file, meant, 0, PIECE_ROWS)?;
    let bar = progress(args.quiet, "counting", "{msg} {wide_bar} {human_pos}/{human_len} {eta}");
    bar.set_length(checked.rows);
    let mut sum = ListChange::default();
    loop {
        let rows = pieces.next()?;
        if rows.is_empty() {
            break;
        }
        bar.inc(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        let request = LoadListRowsRequest { list_id: args.name.clone(), version: 0, first_row: 0, rows };
        let change = send(lists, &request).await?.change.unwrap_or_default();
        sum.others = sum.others.saturating_add(change.others);
        sum.listed = sum.listed.saturating_add(change.listed);
        sum.unknown = sum.unknown.saturating_add(change.unknown);
        sum.repeated = sum.repeated.saturating_add(change.repeated);
        sum.beyond = sum.beyond.saturating_add(change.beyond);
    }
    bar.finish_and_clear();
    print(&format!(
        "{}: {} are on it now; nothing was loaded\n{}",
        args.name,
        customers(before),
        would(args.mode(), before, &sum)
    ));
    Ok(ExitCode::SUCCESS)
}

fn would(mode: ListMode, before: u64, sum: &ListChange) -> String {
    let (come, go, stay) = match mode {
        ListMode::Add => (sum.others, 0, before),
        ListMode::Remove => (0, sum.listed, before.saturating_sub(sum.listed)),
        ListMode::Replace | ListMode::Unspecified => (sum.others, before.saturating_sub(sum.listed), sum.listed),
    };
    let mut text = format!("  {come} would come to it\n  {go} would go\n  {stay} would stay\n");
    if sum.unknown > 0 {
        text.push_str(&format!("  {} rows name nobody who is known\n", sum.unknown));
    }
    if sum.beyond > 0 {
        text.push_str(&format!("  {} are on too many other lists and would be left out\n", sum.beyond));
    }
    text
}

fn rows_told(change: &ListChange) -> String {
    let ListChange { others, listed, unknown, repeated, beyond } = change;
    let mut text = format!("  {others} of the file were not on it before, {listed} were\n");
    if *unknown > 0 {
        text.push_str(&format!("  {unknown} rows name nobody who is known and were left out\n"));
    }
    if *repeated > 0 {
        text.push_str(&format!("  {repeated} rows name a customer again and were left out\n"));
    }
    if *beyond > 0 {
        text.push_str(&format!("  {beyond} are on too many other lists and were left out\n"));
    }
    text
}

/// Sends rows; while the engine has no room for them they are sent again.
async fn send(lists: &mut Lists, request: &LoadListRowsRequest) -> Result<LoadListRowsResponse, Failure> {
    let has_no_room = |status: &Status| matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
    for _ in 0..TRIES_MAX {
        match lists.load_list_rows(request.clone()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) if has_no_room(&status) => tokio::time::sleep(TRY_AFTER).await,
            Err(status) => return Err(admin::refused(status)),
        }
    }
    Err("the engine has no room for rows; run the same command later: it goes on where it stopped".into())
}
