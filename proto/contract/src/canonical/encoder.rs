//! Writes canonical values into a small buffer and the buffer into the hasher.

/// Bytes gathered before the hasher sees them: BLAKE3 works on many chunks of 1 KiB at once, and most
/// receipts fit whole.
const BUFFER_BYTES: usize = 16 << 10;
/// Bytes reserved at first: twelve lines fit.
const FIRST_BYTES: usize = 4 << 10;

/// An encoder of one hash.
pub(super) struct Encoder {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    /// Something was handed to the hasher already.
    spilled: bool,
}

impl Encoder {
    /// Begins a hash of the domain.
    pub(super) fn new(domain: &str) -> Self {
        let mut encoder = Self { hasher: blake3::Hasher::new(), buffer: Vec::with_capacity(FIRST_BYTES), spilled: false };
        encoder.text(domain);
        encoder
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        if bytes.len() > BUFFER_BYTES {
            self.spill();
            self.hasher.update(bytes);
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.spill();
        }
    }

    pub(super) fn integer(&mut self, number: i64) {
        self.buffer.extend_from_slice(&number.to_le_bytes());
    }

    /// A number that has no sign on the wire; numbers beyond 63 bits cannot be in checked input.
    pub(super) fn natural(&mut self, number: u64) {
        self.buffer.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.buffer.push(u8::from(flag));
    }

    /// An enum's number, where `default` is what unspecified is read as.
    pub(super) fn number(&mut self, number: i32, default: impl Into<i32>) {
        let read = if number == 0 { default.into() } else { number };
        self.integer(i64::from(read));
    }

    /// The place of a `oneof`'s case, from 1; 0: none.
    pub(super) fn case(&mut self, place: u8) {
        self.buffer.push(place);
    }

    /// A length. Messages are at most 1 MiB, so it fits.
    pub(super) fn length(&mut self, length: usize) {
        self.buffer.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }

    pub(super) fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T)) {
        self.length(items.len());
        for item in items {
            each(self, item);
        }
    }

    pub(super) fn optional<T>(&mut self, value: Option<&T>, each: impl FnOnce(&mut Self, &T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            each(self, value);
        }
    }

    pub(super) fn time(&mut self, at: Option<&tessera_proto::Timestamp>) {
        self.optional(at, |encoder, at| {
            encoder.integer(at.seconds);
            encoder.integer(i64::from(at.nanos));
        });
    }

    fn spill(&mut self) {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
        self.spilled = true;
    }

    pub(super) fn finish(mut self) -> [u8; 32] {
        if self.spilled {
            self.spill();
            self.hasher.finalize().into()
        } else {
            blake3::hash(&self.buffer).into()
        }
    }
}
