//! A small disk of its own that can be filled. Where this user may mount none, its scenarios are skipped, loudly.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder on a disk of its own, where that is possible.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    pub(super) is_own: bool,
}

impl Disk {
    pub(super) fn mount(folder: PathBuf, size: &str) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        let is_own = mount.is_ok_and(|status| status.success());
        if !is_own {
            println!("SKIPPED: this user may mount no disk, so none can be full ({})", folder.display());
        }
        Self { folder, is_own }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fills it to the last byte.
    pub(super) fn fill(&self) {
        assert!(self.is_own, "never the machine's own disk");
        let mut file = File::create(self.folder.join("filler")).unwrap();
        for piece in [64 * 1024, 4_096, 1] {
            while file.write_all(&vec![b'x'; piece]).is_ok() {}
        }
    }

    pub(super) fn free(&self) {
        let _ = fs::remove_file(self.folder.join("filler"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_own {
            let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        }
    }
}
