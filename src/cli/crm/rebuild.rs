//! `tessera crm rebuild`: folds the feed from its beginning into a new mirror and compares it with the one that is there.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tessera_crm::keep::KeepError;
use tessera_crm::mirror::compare::{Compared, Difference, compare};
use tessera_crm::mirror::{Folded, MirrorError};
use tessera_storage::Storage;

use super::serve::keeper;
use super::{close, folder, open};
use crate::cli::{ConfigFile, Failure, print, read_config, start_log};
use crate::config::Config;
use crate::replay::progress;

/// Arguments of `tessera crm rebuild`.
#[derive(Clone, Debug, Args)]
pub(super) struct RebuildArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// Put the new mirror in the place of the old one where they differ; the old one is kept beside it.
    #[arg(long)]
    replace: bool,
}

pub(super) async fn run(args: RebuildArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    start_log(config.log_format, "warn");
    let (old, new) = (folder(&config), config.data.join("mirror-new"));
    if new.exists() {
        // An earlier rebuild was stopped: what it made is worth nothing without its end.
        std::fs::remove_dir_all(&new)?;
    }
    if !old.exists() {
        let made = make(&config, &new, None).await?;
        std::fs::rename(&new, &old)?;
        print(&format!("{made} outcomes folded; there was no mirror before\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let (made, compared) = make_and_compare(&config, &old, &new).await?;
    let Some(difference) = &compared.difference else {
        std::fs::remove_dir_all(&new)?;
        print(&format!(
            "{made} outcomes folded again: {} partitions and {} rows are equal\n",
            compared.partitions, compared.rows
        ));
        return Ok(ExitCode::SUCCESS);
    };
    if !args.replace {
        std::fs::remove_dir_all(&new)?;
        print(&format!("the mirror differs from what the feed gives: {difference}\nreplace it with --replace\n"));
        return Ok(ExitCode::FAILURE);
    }
    let kept = aside(&config);
    std::fs::rename(&old, &kept)?;
    std::fs::rename(&new, &old)?;
    print(&format!("the mirror differed ({difference}) and was replaced; the old one is kept in {}\n", kept.display()));
    Ok(ExitCode::SUCCESS)
}

/// Makes the mirror again to where the old one is, and compares both. One that cannot be read is a difference.
async fn make_and_compare(config: &Config, old: &Path, new: &Path) -> Result<(u64, Compared), Failure> {
    let storage: Arc<dyn Storage> = Arc::new(open(old)?);
    let made = match catch_up(config, &storage).await {
        Ok(folded) => make_until(config, (&storage, &folded), new).await,
        Err(failure) => match unreadable(&failure) {
            Some(difference) => {
                let compared = Compared { difference: Some(difference), ..Compared::default() };
                make(config, new, None).await.map(|made| (made, compared))
            }
            None => Err(failure),
        },
    };
    close(&*storage).await;
    made
}

/// Lets a mirror go on to the feed's end: one that was stopped within a batch holds more than its position says.
async fn catch_up(config: &Config, storage: &Arc<dyn Storage>) -> Result<Folded, Failure> {
    let mut keeper = keeper(config, Arc::clone(storage), false).await?;
    while keeper.fold_next(None).await? {}
    Ok(keeper.mirror.folded().clone())
}

async fn make_until(
    config: &Config,
    (storage, folded): (&Arc<dyn Storage>, &Folded),
    new: &Path,
) -> Result<(u64, Compared), Failure> {
    let made = make(config, new, Some((folded.place.sequence, folded.outcomes))).await?;
    let other = open(new)?;
    let compared = compare(&**storage, &other).await;
    close(&other).await;
    Ok((made, compared?))
}

/// What cannot be read in a mirror of another format or a damaged one; none: it failed otherwise.
fn unreadable(failure: &Failure) -> Option<Difference> {
    let kept = failure.downcast_ref::<KeepError>().and_then(|error| match error {
        KeepError::Mirror(error) => Some(error),
        KeepError::Follow(_) | KeepError::Revision(_) => None,
    });
    match kept.or_else(|| failure.downcast_ref::<MirrorError>())? {
        MirrorError::Unreadable { what } => {
            Some(Difference { space: "mirror", partition: (*what).to_owned(), what: "cannot be read".to_owned() })
        }
        MirrorError::Storage(_) | MirrorError::Commit(_) | MirrorError::TimeZone { .. } | MirrorError::Format { .. } => None,
    }
}

/// Folds the feed into a new folder, up to a commit or to where the feed ends now. Returns how many outcomes it has.
async fn make(config: &Config, folder: &Path, until: Option<(u64, u64)>) -> Result<u64, Failure> {
    let storage: Arc<dyn Storage> = Arc::new(open(folder)?);
    let mut keeper = keeper(config, Arc::clone(&storage), false).await?;
    let quiet = !io::stderr().is_terminal();
    let bar = match until {
        Some((_, outcomes)) => {
            let bar = progress(quiet, "folding", "{msg} {wide_bar} {human_pos}/{human_len} outcomes, {per_sec}, {eta} left");
            bar.set_length(outcomes);
            bar
        }
        None => progress(quiet, "folding", "{msg} {spinner} {human_pos} outcomes, {per_sec}"),
    };
    let until = until.map(|(sequence, _)| sequence);
    while keeper.fold_next(until).await? {
        bar.set_position(keeper.mirror.folded().outcomes);
    }
    bar.finish_and_clear();
    let outcomes = keeper.mirror.folded().outcomes;
    drop(keeper);
    close(&*storage).await;
    Ok(outcomes)
}

/// A folder beside the mirror that is not there yet.
fn aside(config: &Config) -> PathBuf {
    let names = (1_u32..).map(|number| config.data.join(format!("mirror-before-{number}")));
    names.into_iter().find(|folder| !folder.exists()).unwrap_or_else(|| config.data.join("mirror-before"))
}
