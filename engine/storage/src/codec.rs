//! Length-prefixed bytes: the one way in which this crate writes fields one behind the other.

/// Appends `bytes` with its length before it, 32 bits, big-endian.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&count(bytes.len()));
    out.extend_from_slice(bytes);
}

/// A count as written before a list or a run of bytes.
///
/// The limits keep every count below 32 bits; one beyond is written as the largest, which no reader
/// takes for a good one.
pub(crate) fn count(length: usize) -> [u8; 4] {
    debug_assert!(u32::try_from(length).is_ok(), "a count fits 32 bits");
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// Reads fields one behind the other; every read answers none where the bytes end too early.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Begins at the first byte.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// A 64-bit number, big-endian.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// A count of items, each of which takes at least one byte.
    pub(crate) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(u32::from_be_bytes(self.array()?)).ok()?;
        (count <= self.rest.len()).then_some(count)
    }

    /// What [`put_bytes`] wrote.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    /// Something, where nothing is left over.
    pub(crate) fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_as_they_were_put_and_a_cut_is_noticed() {
        let mut out = Vec::new();
        put_bytes(&mut out, b"one");
        out.extend_from_slice(&7u64.to_be_bytes());
        put_bytes(&mut out, b"");
        let read = |bytes: &[u8]| {
            let mut fields = Fields::new(bytes);
            let answer = (fields.bytes()?.to_vec(), fields.u64()?, fields.bytes()?.to_vec());
            fields.end().map(|()| answer)
        };
        assert_eq!(read(&out), Some((b"one".to_vec(), 7, Vec::new())));
        for cut in 0..out.len() {
            assert_eq!(read(&out[..cut]), None, "cut at {cut}");
        }
        out.push(0);
        assert_eq!(read(&out), None, "a byte too many");
    }
}
