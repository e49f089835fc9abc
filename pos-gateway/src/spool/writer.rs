//! The one thread that writes: it takes what waits, writes it at once and syncs once. A file that failed is never
//! written again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::index::{Entry, Index, Known, known_among};
use super::record::{HEADER_BYTES, Header, Kind, Place, Record, append};
use super::{NotAccepted, Shared, lock, read, segment_path};
use crate::limits::{SEGMENT_BYTES_MAX, SPOOL_GROUP_BYTES_MAX, SPOOL_GROUP_MAX};

/// What the thread is asked to write.
#[derive(Debug)]
pub(super) enum Job {
    /// A new entry; told when it is on disk, and when it was accepted, milliseconds since 1970.
    Accept { record: Record, entry: Entry, told: Told },
    /// A mark on an entry; nobody waits for it.
    Mark(Record),
}

type Told = oneshot::Sender<Result<i64, NotAccepted>>;

/// Makes the file of a new segment.
pub(super) type Create = Box<dyn Fn(&Path) -> io::Result<File> + Send>;

/// The thread's own part.
pub(super) struct Writer {
    pub(super) folder: PathBuf,
    pub(super) create: Create,
    pub(super) shared: Arc<Shared>,
    pub(super) next_sequence: u64,
    /// The newest segment that holds anything; 0: there is none.
    pub(super) newest: u64,
    /// The number that the next segment gets.
    pub(super) next_segment: u64,
    /// How far the newest segment is to be believed, bytes.
    pub(super) good_bytes: u64,
    pub(super) current: Option<Current>,
}

/// The segment that is being written.
pub(super) struct Current {
    file: File,
    segment: u64,
}

/// Makes a file that only its owner reads.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Job {
    fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Accept { entry, .. } => Some(entry),
            Self::Mark(_) => None,
        }
    }
}

impl Writer {
    /// Works until nobody can ask any more.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            let mut bytes = 0;
            while group.len() < SPOOL_GROUP_MAX && bytes < SPOOL_GROUP_BYTES_MAX {
                let Ok(job) = jobs.try_recv() else { break };
                if let Job::Accept { record, .. } = &job {
                    bytes += record.request.len();
                }
                group.push(job);
            }
            self.carry_out(group);
            self.clean();
        }
    }

    fn carry_out(&mut self, group: Vec<Job>) {
        let (group, repeats) = self.without_repeats(group);
        if group.is_empty() {
            return;
        }
        let first = self.next_sequence;
        let mut records = Vec::with_capacity(group.len());
        let mut sync = false;
        for (job, sequence) in group.iter().zip(first..) {
            records.push(match job {
                Job::Accept { record, .. } => Record { sequence, entry: sequence, ..record.clone() },
                Job::Mark(record) => Record { sequence, ..record.clone() },
            });
            sync |= matches!(job, Job::Accept { .. });
        }
        let places = self.write(&records, sync);
        for (at, job) in group.into_iter().enumerate() {
            match (job, &places) {
                (Job::Accept { entry, told, .. }, Ok(places)) => {
                    let accepted_ms = entry.accepted_ms;
                    if let (Some(place), Some(record)) = (places.get(at), records.get(at)) {
                        lock(&self.shared.index).insert(record.entry, Entry { place: *place, ..entry });
                    }
                    // A caller who has left is told by the next delivery.
                    let _ = told.send(Ok(accepted_ms));
                    self.shared.work.notify_one();
                }
                (Job::Accept { told, .. }, Err(_)) => {
                    let _ = told.send(Err(NotAccepted::Disk));
                }
                (Job::Mark(_), _) => {}
            }
        }
        for (told, accepted_ms) in repeats {
            let _ = told.send(if places.is_ok() { Ok(accepted_ms) } else { Err(NotAccepted::Disk) });
        }
    }

    /// What is to be written of a group, and the repeats of it in the group itself: of two with one id that come at
    /// once only the first is accepted. What is known already is told at once.
    fn without_repeats(&self, group: Vec<Job>) -> (Vec<Job>, Vec<(Told, i64)>) {
        let mut kept: Vec<Job> = Vec::with_capacity(group.len());
        let mut repeats = Vec::new();
        for job in group {
            let Job::Accept { record, entry, told } = job else {
                kept.push(job);
                continue;
            };
            let on_disk = lock(&self.shared.index).known(&entry);
            let in_group = known_among(kept.iter().filter_map(Job::entry), &entry);
            match (on_disk, in_group) {
                (Known::Other, _) | (_, Known::Other) => {
                    let _ = told.send(Err(NotAccepted::Conflict));
                }
                (Known::Same { accepted_ms }, _) => {
                    let _ = told.send(Ok(accepted_ms));
                }
                (Known::No, Known::Same { accepted_ms }) => repeats.push((told, accepted_ms)),
                (Known::No, Known::No) => kept.push(Job::Accept { record, entry, told }),
            }
        }
        (kept, repeats)
    }

    /// Writes records one after another and says where they lie.
    fn write(&mut self, records: &[Record], sync: bool) -> io::Result<Vec<Place>> {
        let written = self.try_write(records, sync);
        *lock(&self.shared.disk_error) = written.as_ref().err().map(ToString::to_string);
        if let Err(error) = &written {
            // Nobody knows what is on disk of it: the next record goes to a new file, and its header says so.
            self.current = None;
            tracing::error!(%error, folder = %self.folder.display(), "the spool cannot be written");
            metrics::counter!("tessera_gateway_spool_write_errors_total").increment(1);
        }
        written
    }

    fn try_write(&mut self, records: &[Record], sync: bool) -> io::Result<Vec<Place>> {
        let segment = self.open_current()?;
        let mut buffer = Vec::new();
        let mut places = Vec::with_capacity(records.len());
        let mut at = self.good_bytes;
        for record in records {
            let bytes = append(&mut buffer, segment, at, record);
            let begin = u32::try_from(at).map_err(io::Error::other)?;
            let bytes = u32::try_from(bytes).map_err(io::Error::other)?;
            places.push(Place { segment, at: begin, bytes });
            at += u64::from(bytes);
        }
        let Some(current) = &mut self.current else { return Err(io::Error::other("no segment is open")) };
        current.file.write_all(&buffer)?;
        if sync {
            current.file.sync_data()?;
        }
        self.good_bytes = at;
        self.next_sequence += u64::try_from(records.len()).map_err(io::Error::other)?;
        lock(&self.shared.index).segments.entry(segment).or_default().file_bytes = at;
        Ok(places)
    }

    /// The segment to write to, a new one where there is none or the last one is full.
    fn open_current(&mut self) -> io::Result<u64> {
        if let Some(current) = self.current.as_ref().filter(|_| self.good_bytes < SEGMENT_BYTES_MAX) {
            return Ok(current.segment);
        }
        if let Some(full) = self.current.take() {
            // Its marks may not have been synced yet.
            full.file.sync_data()?;
        }
        let segment = self.next_segment;
        let path = segment_path(&self.folder, segment);
        let header = Header { segment, first_sequence: self.next_sequence, before: self.newest, before_bytes: self.good_bytes };
        let made = (self.create)(&path).and_then(|mut file| {
            file.write_all(&header.encode())?;
            file.sync_all()?;
            File::open(&self.folder)?.sync_all()?;
            Ok(file)
        });
        // A name is never used again, whatever became of the file.
        self.next_segment += 1;
        match made {
            Ok(file) => {
                self.current = Some(Current { file, segment });
                self.newest = segment;
                self.good_bytes = u64::try_from(HEADER_BYTES).map_err(io::Error::other)?;
                Ok(segment)
            }
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Deletes what is done at the beginning of the log, and moves what is left of a file that is nearly done.
    fn clean(&mut self) {
        loop {
            let current = self.current.as_ref().map(|current| current.segment);
            let Some((segment, entries)) = cleanable(&lock(&self.shared.index), current) else { return };
            if !entries.is_empty() && !self.move_entries(&entries) {
                return;
            }
            if let Err(error) = fs::remove_file(segment_path(&self.folder, segment)) {
                tracing::warn!(%error, segment, "a file of the spool that is done cannot be deleted");
                return;
            }
            lock(&self.shared.index).segments.remove(&segment);
        }
    }

    /// Writes entries once more at the end of the log; whether they are there.
    fn move_entries(&mut self, entries: &[u64]) -> bool {
        let mut records = Vec::new();
        for number in entries {
            let place = lock(&self.shared.index).entry(*number).map(|entry| entry.place);
            // What was delivered meanwhile need not move; what cannot be read keeps its file.
            let Some(place) = place else { continue };
            let Some(record) = read::record(&self.folder, place) else { return false };
            records.push(record.of_kind(Kind::Entry));
            if let Some(parked) = lock(&self.shared.index).parked().get(number) {
                records.push(Record::mark(Kind::Parked, *number, parked.parked_ms, parked.reason.clone()));
            }
        }
        for (record, sequence) in records.iter_mut().zip(self.next_sequence..) {
            record.sequence = sequence;
        }
        let Ok(places) = self.write(&records, true) else { return false };
        let mut index = lock(&self.shared.index);
        for (record, place) in records.iter().zip(places).filter(|(record, _)| record.kind() == Some(Kind::Entry)) {
            index.relocate(record.entry, place);
        }
        true
    }
}

/// The oldest segment, where it is not being written and nothing or little of it is still held, with what is.
fn cleanable(index: &Index, current: Option<u64>) -> Option<(u64, Vec<u64>)> {
    let (segment, held) = index.segments.first_key_value()?;
    if Some(*segment) == current {
        return None;
    }
    if held.entries == 0 {
        return Some((*segment, Vec::new()));
    }
    (held.bytes * 4 <= held.file_bytes).then(|| (*segment, index.of_segment(*segment)))
}
