//! Program files on disk: one file, or every `*.yaml` of a folder in the order of their names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tessera_rules::revision::Source;

/// Program files could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error("the program file {file} cannot be read: {source}")]
    Read { file: PathBuf, source: io::Error },
    #[error("the folder {folder} holds no program files (*.yaml)")]
    Empty { folder: PathBuf },
}

/// Reads the sources below a path.
pub(crate) fn read(path: &Path) -> Result<Vec<Source>, FilesError> {
    let failed = |source| FilesError::Read { file: path.to_owned(), source };
    let mut files = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                files.push(file);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(FilesError::Empty { folder: path.to_owned() });
        }
    } else {
        files.push(path.to_owned());
    }
    files.into_iter().map(read_one).collect()
}

fn read_one(file: PathBuf) -> Result<Source, FilesError> {
    let text = fs::read_to_string(&file).map_err(|source| FilesError::Read { file: file.clone(), source })?;
    Ok(Source { name: file.display().to_string(), text })
}
